import { expect, test } from "vitest";
import { findingLine } from "../../src/foundation/text/finding.ts";

test("a finding is one line, in which what others said moves no cursor", () => {
  expect(findingLine({ verdict: "ok", about: "key", says: "well" })).toBe("ok    key: well");
  expect(findingLine({ verdict: "WRONG", about: "bridge", says: "go \u001b[2J\n" })).toBe(
    "WRONG bridge: go \\u001b[2J\\u000a",
  );
});
