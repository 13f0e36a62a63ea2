import type { Stage } from "../player/stage.ts";
import { writeConfirmation } from "../xml.ts";
import { documented, GUIDE, REFERENCE } from "./clause.ts";

const confirmation = `${GUIDE}, Logically Asynchronized Message Exchanges; ${REFERENCE}: documents are XML`;

/** An adapter that does not accept a Confirmation posts again, usually at once. */
const REPEATS_MS = 3_000;

/** A Confirmation with Result 0, by what is unusual about it. */
type Spellings = Readonly<Record<string, (transId: string) => string>>;

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

/** A conference for each spelling: its answer and its start are confirmed so, and must not come again. */
async function areAccepted(stage: Stage, spellings: Spellings): Promise<void> {
  const byId = new Map<string, string>();
  stage.takes(1, ({ document }) => {
    const ids = document.messages.flatMap(({ attributes }) => [attributes.MsgID ?? "", attributes.ExtConfID ?? ""]);
    const name = ids.map((id) => byId.get(id)).find((one) => one !== undefined);
    const spelling = name === undefined ? undefined : spellings[name];
    return spelling ? { kind: "spelled", answer: spelling } : { kind: "confirm" };
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
  await stage.pause(REPEATS_MS);
  for (const { document, attempt } of stage.noticed) {
    if (attempt === 1) continue;
    const [first] = document.messages;
    const name = byId.get(first?.attributes.MsgID ?? "") ?? byId.get(first?.attributes.ExtConfID ?? "");
    stage.fail(`${first?.name} came again, though it was confirmed: ${name}`);
  }
}

export const confirmationClauses = [
  ...documented(confirmation, {
    "T42c: a Confirmation is accepted in any valid XML spelling": (stage) => areAccepted(stage, sameXml),
  }),
];
