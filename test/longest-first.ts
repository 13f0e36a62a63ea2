import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The longest files, longest first: the last to start should be short ones, or a core has nothing to do at the end. */
const long = [
  "test/simulation/simulation.test.ts",
  "test/bridge/python-example.test.ts",
  "test/bridge/generic-conformance.test.ts",
  "test/workers/relay.test.ts",
  "test/workers/conference.test.ts",
  "test/agent/start.test.ts",
  "test/agent/asterisk-link.test.ts",
  "test/durable-objects/adapter-properties.test.ts",
  // Those of a run of their own.
  "test/browser/console.test.ts",
  "test/asterisk/whole-way.test.ts",
  "test/asterisk/driver-conformance.test.ts",
  "test/whole/conformance.test.ts",
  "test/asterisk/driver-phones.test.ts",
  "test/whole/runtimes.test.ts",
  "test/whole/start.test.ts",
  "test/browser/console-conference.test.ts",
  "test/whole/packages.test.ts",
  "test/whole/runbook.test.ts",
  "test/whole/alerts.test.ts",
  "test/whole/strangers.test.ts",
  "test/browser/console-layout.test.ts",
  "test/whole/driver-suite.test.ts",
  "test/asterisk/driver-takeover.test.ts",
  "test/whole/prove-kills.test.ts",
  "test/whole/flooding-agent.test.ts",
  "test/browser/evening.test.ts",
];

/** Orders files by the list above; the others, of which a clean clone knows no times, by their sizes. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = long.filter((file) => !existsSync(join(this.ctx.config.root, file)));
    if (gone.length > 0) throw new Error(`test/longest-first.ts names ${gone.join(", ")}: give the file's new name`);
    const place = ({ moduleId, project }: TestSpecification) => {
      const found = long.indexOf(relative(project.config.root, moduleId));
      return found < 0 ? long.length : found;
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}
