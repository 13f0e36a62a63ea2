import type { DefectsByFile } from "./defect.ts";

/** What the runtime writes, when it lets something leave, and what it reads. */
export const nodeDefects: DefectsByFile = {
  "durable-objects/node/runtime.ts": {
    "an answer leaves before it is on disk": {
      foundBy: "each request is answered",
      before: "      await this.#onDisk();\n      if (this.#losses",
      after: "      if (this.#losses",
    },
    "a flush that failed leaves what it should have written in memory": {
      foundBy: "what is read is what was written",
      before: "    this.#losses += 1;\n",
      after: "    this.#losses += 1;\n    if (this.#losses > 0) return this.#probeLater();\n",
    },
  },
  "durable-objects/node/life.ts": {
    "a post leaves before what it says is on disk": {
      foundBy: "a repeat has the same bytes",
      boosts: ["process killed amid a flush", "flush slow", "process killed before images", "process killed"],
      before: "      await this.#ports.pending();\n",
      after: "",
    },
    "a post leaves whose edge was replaced while it connected": {
      foundBy: "an edge that was replaced says nothing",
      edge: "pair",
      before: "    if (!this.#ports.mayAct()) await this.#ports.pending();\n    if (this.#end) throw this.#end;\n",
      after: "",
    },
  },
  "durable-objects/node/runtime-socket.ts": {
    "a frame leaves before what it says is on disk": {
      foundBy: "one agent acts at a time",
      before: "if (this.#isOpen) this.#ports.afterFlush(() => this.#leave((wire) => wire.send(text)));",
      after: "if (this.#isOpen) this.#leave((wire) => wire.send(text));",
    },
  },
  "durable-objects/node/log/object-database.ts": {
    "an image lacks what the life before had written": {
      foundBy: "what is read is what was written",
      before: "        statement.all(...bindings);\n        this.#touch(kind, table);",
      after: "        statement.all(...bindings);",
    },
  },
  "durable-objects/node/shared/lease.ts": {
    "a lease never runs out": {
      foundBy: "an edge that was replaced says nothing",
      edge: "pair",
      before: "return this.#passedMs() < this.#until;",
      after: "return this.#passedMs() > Number.NEGATIVE_INFINITY && this.#until > 0;",
    },
  },
  "durable-objects/node/shared/leased-disk.ts": {
    "who stands by waits four times as long as it says": {
      foundBy: "one of two edges acts",
      edge: "pair",
      before: "at - this.#seen.since >= leaseMs ?",
      after: "at - this.#seen.since >= 4 * leaseMs ?",
    },
    "what is on one machine of the database alone counts as written": {
      foundBy: "nothing is thrown",
      boosts: ["replica not waited for", "database fails over"],
      edge: "pair",
      before: "      send = (later) => database.flush(later, nothing, longAgo);\n",
      after: "      return;\n",
    },
    "a flush in doubt is sent again as a new one": {
      foundBy: "nothing is thrown",
      edge: "pair",
      before: "      send = (later) => database.flush(later, nothing, longAgo);\n",
      after: "",
    },
  },
};
