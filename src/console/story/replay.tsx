import { type Child, useContext } from "hono/jsx";
import type { ConferenceInput } from "../../conference/inputs.ts";
import type { ReplayDocument, ReplayStep } from "../../rpc/replay.ts";
import {
  type ConferenceFrame,
  ConferenceFramePage,
  conferencePath,
  SaveTest,
} from "../conference/conference-frame.tsx";
import { Empty, Mark, Table, Time, ZoneOfPage } from "../parts.tsx";
import { withQuery } from "../paths.ts";
import { type ChangedEntry, entriesOf, stateChanges } from "./state-changes.ts";
import { Text } from "./wire.tsx";

interface ReplayProps {
  readonly frame: ConferenceFrame;
  /** `null`: there is no such row. */
  readonly step: ReplayStep | null;
  /** The rows beside it; `null`: there are none. */
  readonly previous: number | null;
  readonly next: number | null;
}

/** Of one kind; further ones are counted. */
const MOST_SHOWN = 100;

/** A conference's journal, one row at a time: what came, what changed by it, and what it caused. */
export function ReplayPage({ frame, step, previous, next }: ReplayProps) {
  const path = conferencePath(frame.domain, frame.confKey, "replay");
  const to = (row: number) => withQuery(path, { row: String(row) });
  return (
    <ConferenceFramePage {...frame} tab="replay">
      <nav class="pages steps" aria-label="Steps">
        <Step to={previous === null ? null : to(previous)} rel="prev" letter="p" says="Previous" />
        <form action={path} class="inline">
          <label>
            Row{" "}
            <input name="row" inputmode="numeric" pattern="[0-9]{1,15}" required value={step ? String(step.seq) : ""} />
          </label>
          <button type="submit">Go</button>
        </form>
        <Step to={next === null ? null : to(next)} rel="next" letter="n" says="Next" />
        <SaveTest domain={frame.domain} confKey={frame.confKey} />
      </nav>
      {step ? (
        <Shown frame={frame} step={step} />
      ) : (
        <Empty title="The journal has no such row, nor one behind it.">
          <a href={path}>To the first row</a>
        </Empty>
      )}
    </ConferenceFramePage>
  );
}

interface StepProps {
  readonly to: string | null;
  readonly rel: "prev" | "next";
  readonly letter: string;
  readonly says: string;
}

function Step({ to, rel, letter, says }: StepProps) {
  const text = [<kbd>{letter}</kbd>, ` ${says}`];
  if (to === null) return <span class="button off">{text}</span>;
  return (
    <a class="button" href={to} rel={rel} data-key={letter} data-says={`${says} row`}>
      {text}
    </a>
  );
}

function Shown({ frame, step }: { readonly frame: ConferenceFrame; readonly step: ReplayStep }) {
  const { seq, at, version, before, after } = step;
  const changes = stateChanges(before, after, useContext(ZoneOfPage));
  const timeline = conferencePath(frame.domain, frame.confKey, "timeline");
  return (
    <>
      <section>
        <h2>
          Row {String(seq)}, <Time at={at} now={frame.now} />
        </h2>
        <p>
          <span class="verdict">
            <Verdict verdict={step.verdict} />
          </span>{" "}
          <span class="dim">{version === null ? "" : `It was decided by version ${version}.`}</span>{" "}
          <a href={`${withQuery(timeline, { row: String(seq) })}#row-${seq}`}>In the timeline</a>
        </p>
        {step.isCut && <p class="dim">It is too long to be shown whole: of each list, only the first are here.</p>}
        <Input step={step} />
      </section>
      <section>
        <h2>What changed</h2>
        {changes.length === 0 && <p class="dim">Nothing of the conference's state.</p>}
        <Few of={changes} show={(change) => <Change change={change} />} />
        <WholeState step={step} />
      </section>
      <section>
        <h2>What it caused</h2>
        <Caused step={step} />
      </section>
    </>
  );
}

function Verdict({ verdict }: Pick<ReplayStep, "verdict">) {
  switch (verdict.is) {
    case "same":
      return <Mark is="good">Today's code decides the same.</Mark>;
    case "differs":
      return <Mark is="bad">Today's code decides otherwise. It differs first at {verdict.where}.</Mark>;
    case "may differ":
      return <Mark is="warn">Today's code may decide otherwise: {verdict.why}.</Mark>;
  }
}

function Input({ step: { input, inputText } }: { readonly step: ReplayStep }) {
  return (
    <>
      <p>{inputText === null || input === null ? whatCame(input) : `WebEx sent:`}</p>
      {inputText !== null && <Text title="From WebEx, as it may have stood on the wire" text={inputText} />}
      {input?.type === "bridge" && (
        <Few of={input.reports} show={(report) => <Text title="Report" text={JSON.stringify(report)} />} />
      )}
    </>
  );
}

function whatCame(input: ConferenceInput | null): string {
  if (input === null) return "Nothing came. What changed follows from something else, such as WebEx's Confirmation.";
  switch (input.type) {
    case "webex":
      return `WebEx sent ${input.messages.map(({ type }) => type).join(", ")}.`;
    case "bridge":
      return input.elsewhere === undefined
        ? "The bridge's agent reported:"
        : `An agent of ${input.elsewhere}, which is not the conference's bridge, reported:`;
    case "restored":
      return "The edge's state was put back from a backup.";
    case "undelivered":
      return `${input.of?.probe ? "A probe failed" : "A document was given up"}: WebEx did not confirm ${input.messages.map(({ type }) => type).join(", ")}.`;
    case "reached":
      return `${input.host} could be reached again: it confirmed a document.`;
    case "probe":
      return `${input.person} wanted ${input.host} to be asked whether it is back.`;
    case "operator":
      return `${input.person} asked: ${requestText(input.request)}.${input.withoutBridge ? " The settings did not have its bridge any more." : ""}`;
    case "time":
      return "The time had come for something that was due.";
  }
}

function requestText({ type, ...more }: Extract<ConferenceInput, { type: "operator" }>["request"]): string {
  const facts = Object.entries(more).map(
    ([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [type, ...facts].join(", ");
}

const becameMarks = { new: "good", gone: "bad", changed: "warn" } as const;

/** What is new or gone has one value a field, and what has changed has two. */
function Change({ change: { name, became, fields } }: { readonly change: ChangedEntry }) {
  return (
    <Table
      kind="changes"
      caption={[name, " ", <Mark is={becameMarks[became]}>{became}</Mark>]}
      rows={fields}
      columns={{
        Field: ({ name }) => name,
        Before: became !== "new" && (({ before }) => before && <del>{before}</del>),
        After: became !== "gone" && (({ after }) => after && <ins>{after}</ins>),
      }}
    />
  );
}

interface FewProps<Item> {
  readonly of: readonly Item[];
  readonly show: (item: Item) => Child;
}

/** The first ones, and how many there are besides. */
function Few<Item>({ of, show }: FewProps<Item>) {
  return (
    <>
      {of.slice(0, MOST_SHOWN).map(show)}
      {of.length > MOST_SHOWN && <p class="dim">and {of.length - MOST_SHOWN} more</p>}
    </>
  );
}

/** Both states side by side; what differs is marked in them, too. */
function WholeState({ step: { before, after } }: { readonly step: ReplayStep }) {
  const zone = useContext(ZoneOfPage);
  const changed = new Set(stateChanges(before, after, zone).map(({ name }) => name));
  return (
    <details>
      <summary>The whole state before and after</summary>
      <div class="states">
        {Object.entries({ Before: before, After: after }).map(([title, state]) => (
          <section>
            <h3>{title}</h3>
            <Few
              of={entriesOf(state, zone)}
              show={({ name, fields }) => (
                <details class="entry">
                  <summary>{changed.has(name) ? <mark>{name}</mark> : name}</summary>
                  <pre tabindex={0}>{[...fields].map(([field, value]) => `${field}: ${value}`).join("\n")}</pre>
                </details>
              )}
            />
          </section>
        ))}
      </div>
    </details>
  );
}

function Caused({ step }: { readonly step: ReplayStep }) {
  const { commands, messages, documents, notes, repairs } = step;
  const goneSince =
    step.input?.type === "undelivered"
      ? "Withdrawn, since its server is not reached"
      : "Dropped, since its server was replaced";
  const documentText = ({ kind, transId, host, messages, attempt, why, refused }: ReplayDocument): string => {
    const what = messages.join(", ");
    switch (kind) {
      case "post-confirmed":
        return `Confirmed${refused ? " with a failure" : ""}: document ${transId} of ${host} with ${what}.`;
      case "post-failed":
        return `Not delivered: document ${transId} to ${host}, attempt ${attempt}: ${why}.`;
      case "post-given-up":
        return `Given up: document ${transId} to ${host} with ${what}.`;
      case "post-dropped":
        return `${goneSince}: document ${transId} to ${host}.`;
    }
  };
  const lines = [
    ...documents.map(documentText),
    ...repairs.map((kind) => `Repaired: what the bridge holds differed (${kind}).`),
    ...notes.map((note) => `Noted: ${note}.`),
  ];
  if (commands.length + messages.length + lines.length === 0) return <p class="dim">Nothing.</p>;
  return (
    <>
      {lines.length > 0 && (
        <ul>
          {lines.slice(0, MOST_SHOWN).map((line) => (
            <li>{line}</li>
          ))}
        </ul>
      )}
      <Few
        of={commands}
        show={(command) => <Text title={`To the bridge: ${command.command.type}`} text={JSON.stringify(command)} />}
      />
      <Few
        of={messages}
        show={({ host, type, text }) => (
          <Text title={`To ${host}: ${type}`} text={text ?? "It cannot be written in the domain's protocol."} />
        )}
      />
    </>
  );
}
