import { expect, test } from "vitest";
import { utf8Text } from "../../src/foundation/text/utf8.ts";

const [notUtf8, utf16] = ["it is not UTF-8: byte", "it is UTF-16: save it as UTF-8"];
test.each<readonly [bytes: string, fault: string]>([
  ["a\n\xe4b", `${notUtf8} 0xE4 at line 2, column 1; save it as UTF-8`],
  ["\xef\xbf\xbda\xfc", `${notUtf8} 0xFC at line 1, column 3`], // After a real U+FFFD.
  ["a\xc3", `${notUtf8} 0xC3 at line 1, column 2`],
  ["a\xef\xbf", `${notUtf8} 0xBF at line 1, column 3`],
  ...["\xff\xfe{\0", "\xfe\xff\0{", "{\0}\0", "\0{\0}"].map((bytes) => [bytes, utf16] as const),
])("refuses the bytes of %j", (bytes, fault) => {
  expect(() => utf8Text(Buffer.from(bytes, "latin1"))).toThrow(fault);
});
