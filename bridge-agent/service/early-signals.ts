/** SIGHUP ends a process that does not listen for it; an agent that is about to read its settings ignores it. */
if (process.argv[2] === "run") process.on("SIGHUP", () => {});

export {};
