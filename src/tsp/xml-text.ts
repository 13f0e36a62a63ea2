import { err, ok, type Result } from "../foundation/result.ts";

// The parser takes the byte order mark off. Were it done here too, two of them would pass for one.
const strictly = { fatal: true, ignoreBOM: true } as const;
const utf8 = new TextDecoder("utf-8", strictly);
const declaredEncoding = /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']/;

/** The characters of an XML document: by its byte order mark, else by its declaration, else UTF-8 (protocol T6). */
export function xmlText(bytes: Uint8Array): Result<string, string> {
  const label = encodingOf(bytes);
  try {
    return ok((label === "utf-8" ? utf8 : new TextDecoder(label, strictly)).decode(bytes));
  } catch (error) {
    // The two errors that the Encoding standard knows: RangeError for the label, TypeError for the bytes.
    if (error instanceof RangeError) return err(`the declared encoding "${label}" is not known`);
    if (error instanceof TypeError) return err(`the bytes are no ${label} text`);
    throw error;
  }
}

/** The same for a document that need not be in order: what cannot be read becomes U+FFFD. */
export function roughXmlText(bytes: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(bytes)).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // The declaration names no encoding that there is.
  }
}

function encodingOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return "utf-16be";
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return "utf-16le";
  if (first !== 0x3c || second !== 0x3f) return "utf-8"; // A byte order mark of UTF-8, or no declaration.

  const start = String.fromCharCode(...bytes.subarray(0, 256));
  const label = declaredEncoding.exec(start)?.[1]?.toLowerCase() ?? "utf-8";
  // Programs that write a string and then encode it leave "utf-16" in documents that clearly are not: these are UTF-8.
  return label.startsWith("utf-16") ? "utf-8" : label;
}
