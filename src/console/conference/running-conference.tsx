import { hostText } from "../../foundation/text/bare-host.ts";
import type { CommandView, ConferenceView, OutageView } from "../../rpc/conference-view.ts";
import { alertWords } from "../../views/conferences.ts";
import { type Column, mark, type View } from "../../views/view.ts";
import { Age, Facts, List, Mark, useFrame } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { Callers, type CallersProps } from "./callers.tsx";
import { CallerActions, WholeActions } from "./conference-actions.tsx";

/** A list that is hidden while empty. */
function part<Row>(id: (row: Row) => string, columns: readonly Column<Row>[]): View<Row> {
  return { none: ["", ""], id, columns };
}

type CallOut = ConferenceView["callOuts"][number];
const callOuts = part<CallOut>(
  ({ call }) => `call-${call}`,
  [
    { title: "Number", cell: ({ number, call }) => [number, mark("dim", call)] },
    { title: "WebEx's call", cell: ({ extCallId }) => extCallId },
    { title: "Stage", cell: ({ stage }) => stage },
  ],
);

const rooms = part<ConferenceView["rooms"][number] & { readonly callers: number }>(
  ({ room }) => `room-${room}`,
  [
    { title: "Room", cell: ({ name, subConfId }) => name ?? subConfId },
    { title: "ID", cell: ({ subConfId, room }) => [subConfId, mark("dim", room)] },
    { title: "Stage", cell: ({ stage }) => stage },
    { title: "Callers", cell: ({ callers }) => callers, number: true },
  ],
);

/** A running conference: callers, pending work, and actions. */
export function RunningConference(props: CallersProps) {
  const { frame, view, form } = props;
  const { callers, locked } = view;
  const withCallers = view.rooms.map((one) => {
    return { ...one, callers: callers.filter(({ room }) => room === one.room).length };
  });
  return (
    <>
      <Glance frame={frame} view={view} />
      {form && <WholeActions {...{ view, form }} confKey={frame.confKey} />}
      <Callers {...props} />
      <List
        view={callOuts}
        rows={view.callOuts}
        title="Being called"
        actions={
          form !== null &&
          (({ call, number, stage }: CallOut) =>
            stage !== "dropping" && <CallerActions {...{ form, call, number, locked }} caller={null} rooms={[]} />)
        }
      />
      <List view={rooms} rows={withCallers} title="Sub-conferences" />
    </>
  );
}

const commands = part<CommandView>(
  ({ id }) => `command-${id}`,
  [
    { title: "Command", cell: ({ id, type }) => [type, mark("dim", id)] },
    { title: "Sent", cell: ({ sent }) => (sent === 1 ? "once" : `${sent} times`) },
    { title: "On the agent's disk", cell: ({ taken }) => (taken ? "yes" : "no") },
    { title: "Result due", cell: ({ answerBy }) => (answerBy === null ? "at any time" : { at: answerBy }) },
  ],
);

const documents = part<ConferenceView["documents"][number]>(
  ({ transId, host }) => `document-${transId}-${host}`,
  [
    { title: "Messages", cell: ({ messages, transId }) => [messages.join(", "), mark("dim", transId)] },
    { title: "To", cell: ({ host }) => hostText(host) },
    { title: "Waits for", cell: ({ queuedAt }) => ({ since: queuedAt }) },
    { title: "Attempts", cell: ({ attempts }) => attempts, number: true },
    { title: "Last failure", cell: ({ failure }) => failure ?? null },
  ],
);

const outages = part<OutageView>(
  ({ host }) => `outage-${host}`,
  [
    { title: "TSP server", cell: ({ host }) => hostText(host) },
    { title: "Since", cell: ({ since }) => ({ at: since }) },
    { title: "Pending messages", cell: ({ messages }) => messages, number: true },
    { title: "Next probe", cell: ({ probeAt }) => (probeAt === null ? "under way" : { at: probeAt }) },
    { title: "Last failure", cell: ({ why }) => why },
  ],
);

/** Pending work. It changes fast, so it is the last part of the page. */
export function Waiting({ view }: { readonly view: ConferenceView }) {
  return (
    <>
      <List view={commands} rows={view.commands} title="Commands without a result" />
      <List view={documents} rows={view.documents} title="Unconfirmed documents" />
      <List view={outages} rows={view.outages} title="Unreachable TSP servers" />
    </>
  );
}

function Glance({ frame, view }: Pick<CallersProps, "frame" | "view">) {
  const { phase, locked, attached, bridge, host, extConfId, callers, lastAt } = view;
  const { now } = useFrame();
  const isLate = view.commands.some(({ answerBy }) => answerBy !== null && answerBy <= now);
  const hasFailed = view.outages.length > 0 || view.documents.some(({ failure }) => failure !== undefined);
  const speaking = callers.filter(({ speaks }) => speaks).length;
  const isHeard = callers.some(({ speaks }) => speaks !== null);
  const muted = callers.filter((caller) => caller.muted).length;
  const ofThem = `${isHeard ? `, ${speaking} speaking` : ""}, ${muted} muted`;
  return (
    <>
      <p class="marks">
        <Mark is={phase === "running" ? "good" : "warn"}>{phase === "running" ? "running" : "being created"}</Mark>
        {locked && <Mark is="warn">locked</Mark>}
        {!attached && (
          <Mark is="warn">{view.orphan ? "found on the bridge; WebEx has not created it again" : "without WebEx"}</Mark>
        )}
        {hasFailed && <Mark is="bad">{alertWords.posts}</Mark>}
        {isLate && <Mark is="bad">{alertWords.commands}</Mark>}
      </p>
      <Facts
        of={{
          Callers: [callers.length, callers.length > 0 && <span class="dim">{ofThem}</span>],
          Bridge: bridge === null ? "none yet" : <a href={pathOf(frame.domain, "bridges")}>{bridge}</a>,
          "TSP server": hostText(host) || "none",
          ExtConfID: extConfId || "none",
          "Last input": [<Age since={lastAt} />, " ago"],
        }}
      />
    </>
  );
}
