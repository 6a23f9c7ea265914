// Requests to the console's own server. The page sends no others.

/** POSTs JSON; gives { ok, json }, whatever happens. */
export async function post(path, body = {}) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { ok: response.ok, json: await response.json() };
  } catch {
    return { ok: false, json: { message: "There is no answer: check that card-airlock up still runs" } };
  }
}

/** GETs JSON; gives { json, absent }: without an answer nothing is known, and nothing is absent. */
export async function get(path) {
  try {
    const response = await fetch(path);
    return { json: response.ok ? await response.json() : null, absent: response.status === 404 };
  } catch {
    return { json: null, absent: false };
  }
}
