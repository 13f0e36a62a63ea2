import type { DefectsByFile } from "./defect.ts";

/** What the runtime writes, when it lets something leave, and what it reads. */
export const nodeDefects: DefectsByFile = {
  "durable-objects/node/runtime.ts": {
    "what leaves does not wait for the disk": {
      foundBy: "each request is answered",
      boosts: ["process killed amid a flush", "flush slow", "process killed"],
      before: "    return lease && (pending || !lease.isHeld) ? this.#whenHeld(lease, pending) : pending;\n",
      after: "    return lease && pending && !lease.isHeld ? this.#whenHeld(lease, pending) : null;\n",
    },
    "an object begins before what the life before it has left is on disk": {
      foundBy: "what is read is what was written",
      boosts: ["object evicted", "flush slow"],
      before: "      await this.#flusher.pending;\n      await database.fill",
      after: "      await database.fill",
    },
    "what a life that broke has written is lost": {
      foundBy: "what is read is what was written",
      boosts: ["object evicted"],
      before: "      this.#left.push(change);\n",
      after: "",
    },
  },
  "durable-objects/node/life.ts": {
    "a post leaves before what it says is on disk": {
      foundBy: "a repeat has the same bytes",
      boosts: ["process killed amid a flush", "flush slow", "process killed"],
      before: "      await this.#mayLeave();\n      return work",
      after: "      return work",
    },
  },
  "durable-objects/node/runtime-socket.ts": {
    "a frame leaves before what it says is on disk": {
      foundBy: "one agent acts at a time",
      before: "if (this.#isOpen) this.#ports.afterFlush(() => this.#leave((wire) => wire.send(text)));",
      after: "if (this.#isOpen) this.#leave((wire) => wire.send(text));",
    },
  },
  "durable-objects/node/rows/object-database.ts": {
    "a row that was deleted stays on disk": {
      foundBy: "what is read is what was written",
      before: "({ table, key }) => this.#stored(table, key));",
      after: "({ table, key }) => this.#stored(table, key)).filter(({ values }) => values !== null);",
    },
    "changes of a table that was filled are not noticed": {
      foundBy: "what is read is what was written",
      before: "    this.#session.close();\n    this.#session = session;\n",
      after: "    session.close();\n",
    },
  },
};
