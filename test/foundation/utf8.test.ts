import { expect, test } from "vitest";
import { utf8Text } from "../../src/foundation/text/utf8.ts";

test.each([
  [[0x61, 0x0a, 0xe4, 0x62], "it is not UTF-8: byte 0xE4 at line 2, column 1; save it as UTF-8"],
  // A real U+FFFD before it.
  [[0xef, 0xbf, 0xbd, 0x61, 0xfc], "it is not UTF-8: byte 0xFC at line 1, column 3; save it as UTF-8"],
  [[0x61, 0xc3], "it is not UTF-8: byte 0xC3 at line 1, column 2; save it as UTF-8"],
  [[0x61, 0xef, 0xbf], "it is not UTF-8: byte 0xBF at line 1, column 3; save it as UTF-8"],
  [[0xff, 0xfe, 0x7b, 0], "it is UTF-16: save it as UTF-8"],
  [[0xfe, 0xff, 0, 0x7b], "it is UTF-16: save it as UTF-8"],
  [[0x7b, 0, 0x7d, 0], "it is UTF-16: save it as UTF-8"],
  [[0, 0x7b, 0, 0x7d], "it is UTF-16: save it as UTF-8"],
])("refuses the bytes %j", (bytes, fault) => {
  expect(() => utf8Text(Uint8Array.from(bytes))).toThrow(fault);
});
