// Asking the console's own server. Nothing else is ever asked.

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
    return { ok: false, json: { message: "No answer: is card-airlock up still running?" } };
  }
}

/** GETs JSON; null when there is none. */
export async function get(path) {
  try {
    const response = await fetch(path);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
