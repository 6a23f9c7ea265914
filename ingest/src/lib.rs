//! The outer door: POST /order and GET /order/{CustomerOrder}.
