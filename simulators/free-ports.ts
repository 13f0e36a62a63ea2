import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Below the ports that the system gives to others by itself: nobody takes one of these between the look and its use. */
const first = 10_000;
const count = 10_000;

/** Ports of 127.0.0.1 that are free for TCP and for UDP, all different. */
export async function freePorts(wanted: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < wanted) {
    const port = first + Math.floor(Math.random() * count);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const socket = createSocket("udp4");
  const free = await Promise.all([
    new Promise<boolean>((done) => {
      server.once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => done(true));
    }),
    new Promise<boolean>((done) => {
      socket.once("error", () => done(false));
      socket.bind(port, "127.0.0.1", () => done(true));
    }),
  ]);
  await Promise.all([
    new Promise<void>((closed) => server.close(() => closed())),
    new Promise<void>((closed) => (free[1] ? socket.close(closed) : closed())),
  ]);
  return free.every((each) => each);
}
