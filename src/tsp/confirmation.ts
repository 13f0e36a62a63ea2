import { err, ok, type Result } from "../foundation/result.ts";
import { childrenNamed, isNamed } from "./element-name.ts";
import { wrapDocument } from "./encode.ts";
import { readInteger } from "./read-value.ts";
import { parseXml } from "./xml.ts";

export interface Confirmation {
  readonly transId: string;
  /** 0: the document was received and is in order. */
  readonly result: number;
}

/** The answer to a posted document, in the form of protocol 1.3. */
export function encodeConfirmation({ transId, result }: Confirmation): string {
  return wrapDocument(transId, `<Confirmation Result="${result}"></Confirmation>`);
}

/** The peer's answer to our document; the failure says why it is none. */
export function readConfirmation(bytes: Uint8Array): Result<Confirmation, string> {
  const tree = parseXml(bytes);
  if (!tree.ok) return err(`no XML: line ${tree.error.line}, column ${tree.error.column}: ${tree.error.reason}`);
  const root = tree.value;
  if (!isNamed(root, "WbxTSPSchema", [])) return err(`the root element is ${root.name.slice(0, 64)}, not WbxTSPSchema`);

  const [confirmation] = childrenNamed(root, "Confirmation", []);
  if (!confirmation) return err("there is no Confirmation");
  const raw = confirmation.attributes.find(({ name }) => name.toLowerCase() === "result")?.value ?? "";
  const result = readInteger(raw);
  if (result === null) return err(`the Confirmation's Result is "${raw.slice(0, 40)}", must be a whole number`);
  const [transId] = childrenNamed(root, "TransID", []);
  return ok({ transId: transId?.text.trim() ?? "", result });
}
