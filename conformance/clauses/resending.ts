import type { Stage } from "../player/stage.ts";
import type { Arrival } from "../player/traffic.ts";
import { writeConfirmation } from "../xml.ts";
import { documented, documentedAlone, GUIDE, MOST_ATTEMPTS, REFERENCE } from "./clause.ts";

const resending = `${GUIDE}, Transaction ID, Resending, and API Message ID`;
const confirmation = `${GUIDE}, Logically Asynchronized Message Exchanges; ${REFERENCE}: documents are XML`;

/** Three attempts, the pauses between them, and a while for a fourth that must not be. */
const ATTEMPTS_MS = 6_000;
/** Time-outs of HTTP are seldom longer than a minute. */
const TIME_OUT_MS = 65_000;

function isEntry({ text }: Arrival): boolean {
  return text.includes("A2W_NotifyUserEnter");
}

function isLeave({ document }: Arrival): boolean {
  return document.messages.some(({ name, attributes }) => name === "A2W_NotifyUserChange" && attributes.Status === "2");
}

/** What every attempt has in common. A post after the last one is another transaction. */
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

export const resendingClauses = [
  ...documentedAlone(resending, {
    "T37: a document that times out is sent at most three times, with the same TransID and text": async (stage) => {
      // Two conferences, so that neither waits for the other.
      const [conference, another] = [await stage.conference(), await stage.conference()];
      const leaves = await another.callIn("30");
      const kinds = [isEntry, isLeave];
      const attempts = kinds.map(() => 0);
      stage.takes(1, (arrival) => {
        const kind = kinds.findIndex((isIt) => isIt(arrival));
        if (kind < 0) return { kind: "confirm" };
        const attempt = (attempts[kind] ?? 0) + 1;
        attempts[kind] = attempt;
        return { kind: attempt === 1 ? "hang" : "reset" };
      });
      await conference.dialIn("31");
      await stage.people.hangUp(leaves.call);
      // An adapter may repeat, and need not.
      await Promise.all(
        kinds.map(async (isIt) => {
          if (!(await stage.notices(isIt, 2, TIME_OUT_MS))) return;
          await stage.notices(isIt, 4, ATTEMPTS_MS);
          mustBeRepeats(stage, isIt);
        }),
      );
    },
    "T43: a server that fails for good does not end the conference": async (stage) => {
      const conference = await stage.conference();
      stage.takes(1, { kind: "reset" });
      const { call } = await conference.dialIn("31");
      if (!(await stage.notices(isEntry, 1, stage.options.patienceMs))) stage.fail("A2W_NotifyUserEnter did not come");
      await stage.notices(isEntry, 3, ATTEMPTS_MS);
      await stage.quiet();
      await stage.people.staysUp(call, "only a server of WebEx failed");
      stage.heal();
      const next = await conference.dialIn("32");
      await stage.people.getsUp(next.call, "only a server of WebEx failed");
      await stage.quiet();
      const ended = stage.open.find(({ attributes }) => attributes.Status === "3");
      if (ended) stage.fail("the conference was reported as ended, though only a server of WebEx failed");
    },
  }),
  ...documented(confirmation, {
    "T42c: a Confirmation is accepted in any valid XML spelling": (stage) => areAccepted(stage, sameXml),
  }),
];
