import { WebSocketServer } from "ws";

/** The bare bridge: each command is done at once, and goes back as it came. */
const sockets = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });
sockets.on("connection", (socket) => socket.on("message", (frame) => socket.send(String(frame))));
