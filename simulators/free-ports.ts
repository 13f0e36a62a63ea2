import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * Below the ports that the system gives to others by itself: nobody takes one of these between the look and its use. Above 10080, which
 * browsers and Node's fetch refuse (https://fetch.spec.whatwg.org/#port-blocking).
 */
const first = 10_081;
const count = 9_919;

/** Ports of 127.0.0.1 that are free for TCP and for UDP, all different. */
export async function freePorts(wanted: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < wanted) {
    const port = first + Math.floor(Math.random() * count);
    if (!found.has(port) && (await claim(port)) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

/**
 * Whether no other process has claimed the port: an Asterisk takes a second until it listens.
 * The claim lasts as long as this process. It is a socket with a name in place of a file, which Linux alone has.
 */
function claim(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer().unref();
    server.once("error", (error: NodeJS.ErrnoException) => done(error.code !== "EADDRINUSE"));
    server.listen(`\0bridgehead-port-${port}`, () => done(true));
  });
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
