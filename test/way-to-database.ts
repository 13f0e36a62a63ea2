import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { onTestFinished } from "vitest";

/**
 * A way to the database that changes what is asked; `null`: it never comes. The URL with this host before its
 * own, behind it, or in its place.
 */
export async function wayTo(
  url: string,
  change: (asked: string) => string | null,
  order: "first" | "last" | "only",
): Promise<string> {
  const { host, port } = new URL(url);
  const way = createServer((socket) => {
    const far = connect(Number(port), "127.0.0.1");
    for (const one of [socket, far]) one.on("error", () => {});
    far.pipe(socket);
    socket.on("data", (data) => {
      const asked = change(data.toString("latin1"));
      if (asked !== null) far.write(asked, "latin1");
    });
    socket.on("close", () => far.destroy());
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void way.close());
  await once(way, "listening");
  const other = `127.0.0.1:${(way.address() as AddressInfo).port}`;
  return url.replace(host, { first: `${other},${host}`, last: `${host},${other}`, only: other }[order]);
}
