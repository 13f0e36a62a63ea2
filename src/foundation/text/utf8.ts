import { placeIn } from "./parse-json.ts";

export class NotUtf8 extends Error {}

/** Returns the text of a hand-written file without its byte order mark. Throws if a byte is not UTF-8. */
export function utf8Text(bytes: Uint8Array): string {
  const [first = 1, second = 1] = bytes;
  // Hand-written files begin with ASCII, so a zero byte without a mark means UTF-16.
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first * second === 0;
  if (isUtf16) throw new NotUtf8("it is UTF-16: save it as UTF-8");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    const replaced = new TextEncoder().encode(
      new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes),
    );
    const found = bytes.findIndex((byte, at) => byte !== replaced[at]);
    const at = found === -1 ? bytes.length - 1 : found;
    const hex = bytes[at]?.toString(16).toUpperCase();
    const before = new TextDecoder().decode(bytes.subarray(0, at));
    throw new NotUtf8(`it is not UTF-8: byte 0x${hex} at ${placeIn(before)}; save it as UTF-8`);
  }
}
