import type { ObjectSocket } from "../platform/object-sockets.ts";

/** A socket that the platform keeps open while the object sleeps. Its tags are its id and its label. */
export function socketOf(ctx: DurableObjectState, socket: WebSocket): ObjectSocket {
  const [id = "", label = ""] = ctx.getTags(socket);
  return {
    id,
    label,
    kept: () => socket.deserializeAttachment(),
    keep: (value) => socket.serializeAttachment(value),
    send: (text) => unlessClosed(() => socket.send(text)),
    close: (code, reason) => unlessClosed(() => socket.close(code, reason)),
    pingedAt: () => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null,
  };
}

export function acceptOn(ctx: DurableObjectState, socket: WebSocket, label = ""): ObjectSocket {
  const id = crypto.randomUUID();
  ctx.acceptWebSocket(socket, label === "" ? [id] : [id, label]);
  return socketOf(ctx, socket);
}

function unlessClosed(work: () => void): void {
  try {
    work();
  } catch {
    // The socket is closed, and its close event on its way.
  }
}
