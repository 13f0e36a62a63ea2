/**
 * SIGHUP ends a process that does not listen for it. An agent that has not read its settings yet ignores it, since it is about
 * to read them. While Node itself starts, nobody can listen.
 */
if (process.argv[2] === "run") process.on("SIGHUP", () => {});

export {};
