import type { Stage } from "../player/stage.ts";
import { type Arrival, titleOf } from "../player/traffic.ts";
import { writeConfirmation } from "../xml.ts";
import { documented, documentedAlone, GUIDE, MOST_ATTEMPTS, REFERENCE } from "./clause.ts";

/** Time for three attempts with their pauses, and for a fourth that must not come. */
const ATTEMPTS_MS = 6_000;
/** HTTP time-outs are seldom longer than a minute. */
const TIME_OUT_MS = 65_000;

function isEntry({ text }: Arrival): boolean {
  return text.includes("A2W_NotifyUserEnter");
}

function isLeave({ document }: Arrival): boolean {
  return document.messages.some(({ name, attributes }) => name === "A2W_NotifyUserChange" && attributes.Status === "2");
}

/** Checks that all attempts have the same TransID and text. Later posts are other transactions. */
function mustBeRepeats(stage: Stage, isIt: (arrival: Arrival) => boolean): void {
  const posts = stage.noticed.filter(isIt);
  const [first] = posts;
  const { transId } = first?.document ?? {};
  const same = posts.filter(({ document }) => document.transId === transId).length;
  if (same > MOST_ATTEMPTS) stage.fail(`it was posted ${same} times`);
  for (const { document, text } of posts.slice(0, MOST_ATTEMPTS)) {
    if (document.transId !== transId) stage.fail(`the repeat of ${transId} has TransID ${document.transId}`);
    if (text !== first?.text) stage.fail("the repeat is not the same text as the first post");
  }
}

/** An adapter that rejects a Confirmation usually posts again at once. */
const REPEATS_MS = 3_000;

const start = '<WbxTSPSchema Name="WTSPDOM" Version="1.0">';
const end = "</WbxTSPSchema>";

/** Writes each character as a numeric reference. */
function referenced(text: string): string {
  return [...text].map((character) => `&#x${character.charCodeAt(0).toString(16)};`).join("");
}

/** Spellings of a Confirmation with Result 0. All are the same XML. */
const sameXml: Readonly<Record<string, (transId: string) => string>> = {
  "apostrophes, and spaces wherever they are legal": (transId) =>
    `<WbxTSPSchema  Name = 'WTSPDOM'\tVersion = '1.0' >\n<TransID >${transId}</TransID >\n<Confirmation  Result = '0' ></Confirmation >\n</WbxTSPSchema >\n`,
  "attributes in another order, and a self-closing element": (transId) =>
    `<WbxTSPSchema Version="1.0" Name="WTSPDOM"><TransID>${transId}</TransID><Confirmation Result="0"/>${end}`,
  "line breaks within tags": (transId) =>
    `<WbxTSPSchema\r\n  Name="WTSPDOM"\r\n  Version="1.0"\r\n><TransID\n>${transId}</TransID\n><Confirmation\n Result="0"\n/>${end}`,
  "comments and processing instructions": (transId) =>
    `<!-- Result="-1" -->${start}<!-- <Confirmation Result="-1"/> --><TransID>${transId}</TransID><?partner Result="-1"?><Confirmation Result="0"/>${end}<!-- -->`,
  "character references": (transId) =>
    `${start}<TransID>${referenced(transId)}</TransID><Confirmation Result="${referenced("0")}"/>${end}`,
  "CDATA sections": (transId) =>
    `${start}<TransID><![CDATA[${transId}]]></TransID><Confirmation Result="0"><![CDATA[]]></Confirmation>${end}`,
  "the root named as a response": (transId) => writeConfirmation(transId, 0).replace("WTSPDOM", "WTSPDOM Response"),
};

/** Plays a conference for each spelling. What is confirmed in it must not come again. */
async function areAccepted(stage: Stage): Promise<void> {
  const byId = new Map<string | undefined, string>();
  const spellingOf = ({ document }: Arrival) =>
    document.messages
      .map(({ attributes }) => byId.get(attributes.MsgID) ?? byId.get(attributes.ExtConfID))
      .find(Boolean);
  stage.takes(1, (arrival) => sameXml[spellingOf(arrival) ?? ""] ?? "confirm");
  const waits = Object.keys(sameXml).map(async (spelling) => {
    const conference = stage.newConference();
    const create = conference.createMessage();
    for (const id of [create.attributes.MsgID, conference.extConfId]) byId.set(id, spelling);
    await conference.starts(await conference.posts(create));
  });
  await Promise.all(waits);
  await stage.pause(REPEATS_MS);
  const again = stage.noticed.find(({ attempt }) => attempt > 1);
  if (again)
    stage.fail(`${titleOf(again.document.messages)} came again after a Confirmation with ${spellingOf(again)}`);
}

export const resendingClauses = [
  ...documentedAlone(`${GUIDE}, Transaction ID, Resending, and API Message ID`, {
    "T37: a document that times out is sent at most three times, with the same TransID and text": async (stage) => {
      // Two conferences, so that neither waits for the other.
      const [conference, another] = [await stage.conference(), await stage.conference()];
      const leaves = await another.callIn("30");
      const kinds = [isEntry, isLeave];
      const attempts = kinds.map(() => 0);
      stage.takes(1, (arrival) => {
        const kind = kinds.findIndex((isIt) => isIt(arrival));
        if (kind < 0) return "confirm";
        const attempt = (attempts[kind] ?? 0) + 1;
        attempts[kind] = attempt;
        return attempt === 1 ? "hang" : "reset";
      });
      await conference.dialIn("31");
      await stage.people.hangUp(leaves.call);
      // Repeats are optional.
      await Promise.all(
        kinds.map(async (isIt) => {
          if (!(await stage.notices(isIt, 2, TIME_OUT_MS))) return;
          await stage.notices(isIt, 4, ATTEMPTS_MS);
          mustBeRepeats(stage, isIt);
        }),
      );
    },
    "T43: a server that fails permanently does not end the conference": async (stage) => {
      const conference = await stage.conference();
      stage.takes(1, () => "reset");
      const { call } = await conference.dialIn("31");
      if (!(await stage.notices(isEntry, 1, stage.options.patienceMs))) stage.fail("A2W_NotifyUserEnter did not come");
      await stage.notices(isEntry, 3, ATTEMPTS_MS);
      await stage.quiet();
      await stage.people.staysUp(call, "only a server of WebEx failed");
      stage.heal();
      const next = await conference.dialIn("32");
      await stage.people.getsUp(next.call, "only a server of WebEx failed");
      await stage.receivesNo("A2W_NotifyConferenceChange", "only a server of WebEx failed", { Status: "3" });
    },
  }),
  ...documented(`${GUIDE}, Logically Asynchronized Message Exchanges; ${REFERENCE}: documents are XML`, {
    "T42c: a Confirmation is accepted in any valid XML spelling": areAccepted,
  }),
];
