import { err, ok, type Result } from "../../doors/foundation.ts";
import { parseXml, type XmlElement } from "../xml-api/xml.ts";
import { isMeetingKey } from "./request.ts";
import { type ReasonWord, reasonOfText } from "./result.ts";

/** What the document of list-open-meetings says. */
export type OpenMeetings =
  | { readonly status: "success"; readonly meetingKeys: readonly string[] }
  | { readonly status: "failure"; readonly reason: ReasonWord | "other"; readonly reasonText: string };

export interface OpenMeetingsError {
  readonly kind: "too-long" | "not-xml" | "another-document" | "wrong-value";
  readonly says: string;
}

const maxCharacters = 4_000_000;

/** Reads the document with which a site answers list-open-meetings: the keys of the meetings in progress, joined by `;`. */
export function readOpenMeetings(document: string): Result<OpenMeetings, OpenMeetingsError> {
  if (document.length > maxCharacters) return wrong("too-long", `the document has ${document.length} characters`);
  const list = parseXml(document);
  if (!list.ok) return wrong("not-xml", "the answer is no plain XML document");
  const [status, reasonText, joined] = ["Status", "Reason", "MeetingKeys"].map((name) => textOf(list.value, name));
  if (list.value.name === "ListOpenMeetings" && status === "FAIL" && reasonText !== undefined) {
    return ok({ status: "failure", reason: reasonOfText(reasonText), reasonText });
  }
  if (list.value.name !== "ListOpenMeetings" || status !== "SUCCESS" || joined === undefined) {
    return wrong("another-document", "the document must be ListOpenMeetings with the Status SUCCESS or FAIL");
  }
  const meetingKeys = joined.split(";").flatMap((key) => (key.trim() === "" ? [] : [key.trim()]));
  const odd = meetingKeys.find((key) => !isMeetingKey(key));
  return odd === undefined
    ? ok({ status: "success", meetingKeys })
    : wrong("wrong-value", `MeetingKeys has ${JSON.stringify(odd.slice(0, 40))}, which is no meeting number`);
}

/** The text of an element, empty where there is none; `undefined` if there are several, or elements in it. */
function textOf({ children }: XmlElement, name: string): string | undefined {
  const [first, ...others] = children.filter((child) => child.name === name);
  if (others.length > 0 || (first && first.children.length > 0)) return undefined;
  return first?.text.trim() ?? "";
}

function wrong(
  kind: OpenMeetingsError["kind"],
  says: string,
): { readonly ok: false; readonly error: OpenMeetingsError } {
  return err({ kind, says });
}
