import type { Stage } from "../player/stage.ts";
import type { HttpAnswer } from "../ports.ts";
import { writeConfirmation } from "../xml.ts";
import { documented, GUIDE, inferred, REFERENCE } from "./clause.ts";

const confirmation = `${GUIDE}, Logically Asynchronized Message Exchanges; ${REFERENCE}: documents are XML`;

/** Who does not accept a Confirmation posts again, most of them at once. */
const REPEATS_MS = 3_000;

/** A Confirmation with Result 0, by what is unusual about it. */
type Spellings = Readonly<Record<string, (transId: string) => string | Omit<HttpAnswer, "status"> | HttpAnswer>>;

const start = '<WbxTSPSchema Name="WTSPDOM" Version="1.0">';
const end = "</WbxTSPSchema>";

/** Each character by its number. */
function referenced(text: string): string {
  return [...text].map((character) => `&#x${character.charCodeAt(0).toString(16)};`).join("");
}

/** What every reader of XML takes for the same. */
const sameXml: Spellings = {
  "apostrophes, and blanks wherever they may be": (transId) =>
    `<WbxTSPSchema  Name = 'WTSPDOM'\tVersion = '1.0' >\n<TransID >${transId}</TransID >\n<Confirmation  Result = '0' ></Confirmation >\n</WbxTSPSchema >\n`,
  "attributes in another order, and an element that closes itself": (transId) =>
    `<WbxTSPSchema Version="1.0" Name="WTSPDOM"><TransID>${transId}</TransID><Confirmation Result="0"/>${end}`,
  "line breaks within tags": (transId) =>
    `<WbxTSPSchema\r\n  Name="WTSPDOM"\r\n  Version="1.0"\r\n><TransID\n>${transId}</TransID\n><Confirmation\n Result="0"\n/>${end}`,
  "comments and processing instructions": (transId) =>
    `<!-- Result="-1" -->${start}<!-- <Confirmation Result="-1"/> --><TransID>${transId}</TransID><?partner Result="-1"?><Confirmation Result="0"/>${end}<!-- -->`,
  "references to characters": (transId) =>
    `${start}<TransID>${referenced(transId)}</TransID><Confirmation Result="${referenced("0")}"/>${end}`,
  "a section of characters": (transId) =>
    `${start}<TransID><![CDATA[${transId}]]></TransID><Confirmation Result="0"><![CDATA[]]></Confirmation>${end}`,
  "the root named as a response": (transId) => writeConfirmation(transId, 0).replace("WTSPDOM", "WTSPDOM Response"),
};

/** What the documents do not show, and a tolerant reader takes. */
const otherXml: Spellings = {
  "an XML declaration": (transId) => `<?xml version="1.0" encoding="UTF-8"?>\n${writeConfirmation(transId, 0)}`,
  "a byte order mark": (transId) => `\uFEFF${writeConfirmation(transId, 0)}`,
  "UTF-16": (transId) => {
    const body = `<?xml version="1.0" encoding="UTF-16"?>${writeConfirmation(transId, 0)}`;
    return { body, bytes: Buffer.from(`\uFEFF${body}`, "utf16le") };
  },
  "ISO-8859-1": (transId) => {
    const body = `<?xml version="1.0" encoding="ISO-8859-1"?><!-- bestätigt -->${writeConfirmation(transId, 0)}`;
    return { body, bytes: Buffer.from(body, "latin1") };
  },
  "more attributes and elements": (transId) =>
    `${start.replace(">", ' Site="a">')}<TransID Of="b">${transId}</TransID><Confirmation Result="0" ErrMsg=""><Detail/></Confirmation><More/>${end}`,
  "the TransID at the end, with blanks around": (transId) =>
    `${start}<Confirmation Result="0"/><TransID>\n  ${transId}\n</TransID>${end}`,
};

/** The same document, by other ways of HTTP. */
const otherHttp: Spellings = {
  "status 201": (transId) => ({ status: 201, body: writeConfirmation(transId, 0) }),
  "status 202": (transId) => ({ status: 202, body: writeConfirmation(transId, 0) }),
  "in chunks": (transId) => ({ body: writeConfirmation(transId, 0), isChunked: true }),
  "names of headers in lower case": (transId) => ({
    body: writeConfirmation(transId, 0),
    headers: { "content-type": "text/xml", "cache-control": "no-store" },
  }),
  "names of headers in upper case": (transId) => ({
    body: writeConfirmation(transId, 0),
    headers: { "CONTENT-TYPE": "TEXT/XML; CHARSET=UTF-8" },
  }),
  "another content type": (transId) => ({
    body: writeConfirmation(transId, 0),
    headers: { "Content-Type": "application/xml" },
  }),
  "plain text": (transId) => ({ body: writeConfirmation(transId, 0), headers: { "Content-Type": "text/plain" } }),
  "no content type": (transId) => ({ body: writeConfirmation(transId, 0), headers: {} }),
};

function answerOf(spelled: ReturnType<Spellings[string]>): HttpAnswer {
  return typeof spelled === "string" ? { status: 200, body: spelled } : { status: 200, ...spelled };
}

/** A conference for each spelling: its answer and its start are confirmed so, and must not come again. */
async function areAccepted(stage: Stage, spellings: Spellings): Promise<void> {
  const byId = new Map<string, string>();
  stage.takes(1, ({ document }) => {
    const ids = document.messages.flatMap(({ attributes }) => [attributes.MsgID ?? "", attributes.ExtConfID ?? ""]);
    const name = ids.map((id) => byId.get(id)).find((one) => one !== undefined);
    const spelling = name === undefined ? undefined : spellings[name];
    return spelling ? { kind: "spelled", answer: (transId) => answerOf(spelling(transId)) } : { kind: "confirm" };
  });
  const waits = Object.keys(spellings).map(async (name) => {
    const conference = stage.newConference();
    const create = conference.createMessage();
    byId.set(create.attributes.MsgID ?? "", name);
    byId.set(conference.extConfId, name);
    await stage.posts([create]);
    await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
    await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
  });
  await Promise.all(waits);
  await stage.ports.sleep(REPEATS_MS);
  for (const { document, attempt } of stage.noticed) {
    if (attempt === 1) continue;
    const [first] = document.messages;
    const name = byId.get(first?.attributes.MsgID ?? "") ?? byId.get(first?.attributes.ExtConfID ?? "");
    stage.fail(
      `${first?.name} came again, though it was confirmed: ${name}`,
      `a Confirmation is not accepted: ${name}`,
    );
  }
}

export const confirmationClauses = [
  documented("T42c", confirmation, "a Confirmation is accepted in whatever way XML lets it be written", (stage) =>
    areAccepted(stage, sameXml),
  ),
  inferred(
    "T42d",
    "encodings, and what the documents do not show",
    "a Confirmation is accepted with an XML declaration, in any encoding, and with more in it than the documents have",
    (stage) => areAccepted(stage, otherXml),
  ),
  inferred(
    "T42e",
    "HTTP, of which the documents say nothing more",
    "a Confirmation is accepted with any status of success, any content type, in chunks, and with the names of its headers in any case",
    (stage) => areAccepted(stage, otherHttp),
  ),
];
