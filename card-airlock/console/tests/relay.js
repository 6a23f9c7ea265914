// What leaves a page, whatever it uses to send it: a relay before the program that keeps every byte of the browser.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** A relay to the program at `origin`; gives { origin, sent, stop }. */
export async function relay(origin) {
  const sockets = new Set();
  const chunks = [];
  const server = createServer((browser) => {
    const program = connect(Number(new URL(origin).port), "127.0.0.1");
    const kept = [];
    chunks.push(kept);
    browser.on("data", (chunk) => kept.push(chunk));
    for (const [one, other] of [[browser, program], [program, browser]]) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => (sockets.delete(one), other.destroy()));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** All that was sent, a connection after the other. */
    sent: () => chunks.map((kept) => Buffer.concat(kept).toString("latin1")).join("\n"),
    stop: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}
