import type { Child } from "hono/jsx";
import { type CallId, type EpochMs, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import type { ActionStages } from "../operators/action-stages.ts";
import type { CallRecord } from "../records/call-record.ts";
import type { ConferenceRecord, DirectoryRecord } from "../records/conference-record.ts";
import type { ConferenceView } from "../rpc.ts";
import { ActionLine } from "./action-line.tsx";
import { ageOf } from "./browser/age.js";
import { type ConferenceFrame, ConferenceFramePage, conferencePath } from "./conference-frame.tsx";
import { Age, Empty, Fact, Mark, Notice, Table, Time } from "./parts.tsx";
import { pathOf, withQuery } from "./paths.ts";
import { endOf } from "./record-list.tsx";

interface ConferenceProps {
  readonly frame: ConferenceFrame;
  /** `null`: nothing is kept of it but its records. */
  readonly view: ConferenceView | null;
  /** When its callers entered, as far as that is known. */
  readonly entered: ReadonlyMap<CallId, EpochMs>;
  /** What became of the action that the address names; `null`: it names none, or none that is known. */
  readonly action: ActionStages | null;
  /** Why an action was refused just now; `null`: it was not. */
  readonly refusal: string | null;
  /** Of this conference, the latest first. */
  readonly records: readonly DirectoryRecord[];
  readonly list: CallerList;
}

/** Which callers are shown; it stands in the page's address. */
export interface CallerList {
  /** A part of a number, an attendee ID, or a name of a call; empty: all. */
  readonly find: string;
  /** 1 is the first. */
  readonly page: number;
}

/** Callers on one page. */
const MOST_CALLERS = 100;

/** Where forms go, and how the conference was when they were made. */
interface FormTarget {
  readonly to: string;
  readonly mark: string;
}

/** One conference as it is now, with what an operator can do; of one that is over, its records. */
export function ConferencePage({ frame, view, entered, action, refusal, records, list }: ConferenceProps) {
  const isRunning = view?.phase === "running" || view?.phase === "creating";
  const mayAct = view?.phase === "running" && frame.person.role === "operator";
  const path = conferencePath(frame.domain, frame.confKey);
  const form = mayAct ? { to: withQuery(`${path}/actions`, listQuery(list)), mark: view.lastAt.toString(36) } : null;
  return (
    <ConferenceFramePage {...frame} tab="now">
      <div id="answer" data-part="" role="status">
        {refusal !== null && <Notice is="bad">{refusal}</Notice>}
        {action !== null && <ActionLine stages={action} now={frame.now} />}
      </div>
      <div id="state" data-part="">
        {view && isRunning ? (
          <Running {...{ frame, view, entered, list, form }} />
        ) : (
          <p>
            <Mark is="plain">Over</Mark>{" "}
            {view && (
              <span class="dim">
                The last that it heard was at <Time at={view.lastAt} now={frame.now} />.
              </span>
            )}
          </p>
        )}
      </div>
      {form && <CallOutForm form={form} />}
      <div id="records" data-part="">
        {(records.length > 0 || !isRunning) && <Records records={records} now={frame.now} />}
      </div>
    </ConferenceFramePage>
  );
}

/** In addresses: what is usual is left out. */
export function listQuery({ find, page }: CallerList): Readonly<Record<string, string>> {
  return { find, page: page > 1 ? String(page) : "" };
}

interface RunningProps extends Pick<ConferenceProps, "frame" | "entered" | "list"> {
  readonly view: ConferenceView;
  /** `null`: the person may not act. */
  readonly form: FormTarget | null;
}

function Running({ frame, view, entered, list, form }: RunningProps) {
  const { callOuts, rooms, commands, documents } = view;
  return (
    <>
      <Facts frame={frame} view={view} />
      {form && <WholeActions {...{ frame, view, form }} />}
      <Callers {...{ frame, view, entered, list, form }} />
      {callOuts.length > 0 && (
        <section>
          <h2>Being called</h2>
          <Table heads={["Call", "WebEx's call", "Stage", ...(form ? [""] : [])]}>
            {callOuts.map(({ call, extCallId, stage }) => (
              <tr id={`call-${call}`} data-row="" tabindex={-1}>
                <th scope="row" id={`name-${call}`}>
                  {call}
                </th>
                <td data-label="WebEx's call">{extCallId || <None />}</td>
                <td data-label="Stage">{stage}</td>
                {form && (
                  <td class="actions">
                    {stage !== "dropping" && (
                      <Action form={form} type="expel" call={call} letter="x" about={`name-${call}`} title="Hang up" />
                    )}
                  </td>
                )}
              </tr>
            ))}
          </Table>
        </section>
      )}
      {rooms.length > 0 && (
        <section>
          <h2>Sub-conferences</h2>
          <Table heads={["Room", "Stage", "Callers"]}>
            {rooms.map(({ room, subConfId, stage }) => (
              <tr>
                <th scope="row">
                  {subConfId} <span class="dim">{room}</span>
                </th>
                <td data-label="Stage">{stage}</td>
                <td data-label="Callers">{String(view.callers.filter((caller) => caller.room === room).length)}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
      {commands.length > 0 && (
        <section>
          <h2>Commands without a result</h2>
          <Table heads={["Command", "Sent", "On the agent's disk", "Result due"]}>
            {commands.map(({ id, type, sent, taken, answerBy }) => (
              <tr>
                <th scope="row">
                  {type} <span class="dim">{id}</span>
                </th>
                <td data-label="Sent">{sent === 1 ? "once" : `${sent} times`}</td>
                <td data-label="On the agent's disk">{taken ? "yes" : "no"}</td>
                <td data-label="Result due">
                  {answerBy === null ? "at any time" : <Time at={answerBy} now={frame.now} />}
                </td>
              </tr>
            ))}
          </Table>
        </section>
      )}
      {documents.length > 0 && (
        <section>
          <h2>Documents that WebEx has not confirmed</h2>
          <Table heads={["Messages", "To", "Waits for", "Attempts", "Why the last one failed"]}>
            {documents.map(({ transId, messages, host, queuedAt, attempts, failure }) => (
              <tr>
                <th scope="row">
                  {messages.join(", ")} <span class="dim">{transId}</span>
                </th>
                <td data-label="To">{host}</td>
                <td data-label="Waits for" class="short">
                  <Age since={queuedAt} now={frame.now} />
                </td>
                <td data-label="Attempts" class="short">
                  {String(attempts)}
                </td>
                <td data-label="Why the last one failed">{failure ?? <None />}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
    </>
  );
}

function None() {
  return <span class="dim">none</span>;
}

function Facts({ frame, view }: Pick<RunningProps, "frame" | "view">) {
  const { phase, locked, attached, bridge, host, extConfId, callers, lastAt } = view;
  const speaking = callers.filter(({ speaks }) => speaks).length;
  const muted = callers.filter((caller) => caller.muted).length;
  return (
    <>
      <p class="marks">
        <Mark is={phase === "running" ? "good" : "warn"}>{phase === "running" ? "Running" : "Being created"}</Mark>
        {locked && <Mark is="warn">Locked</Mark>}
        {!attached && <Mark is="warn">WebEx has let it go on alone</Mark>}
      </p>
      <dl class="glance">
        <Fact name="Callers">
          {String(callers.length)}
          {callers.length > 0 && <span class="dim">{`, ${speaking} speaking, ${muted} muted`}</span>}
        </Fact>
        <Fact name="Bridge">
          {bridge === null ? "none yet" : <a href={pathOf(frame.domain, "bridges")}>{bridge}</a>}
        </Fact>
        <Fact name="WebEx host">{host || "none"}</Fact>
        <Fact name="ExtConfID">{extConfId || "none"}</Fact>
        <Fact name="Last input">
          <Age since={lastAt} now={frame.now} /> ago
        </Fact>
      </dl>
    </>
  );
}

function Callers({ frame, view, entered, list, form }: RunningProps) {
  const { callers, rooms } = view;
  if (callers.length === 0) {
    return (
      <Empty title="Nobody is in the conference.">
        Here stands everybody who is in it: who speaks, who is muted, in which room. Callers appear as they enter.
      </Empty>
    );
  }
  const open = rooms.filter(({ stage }) => stage === "open").map(({ room }) => room);
  const places = [MAIN_ROOM, ...open];
  const nameOf = (room: RoomId) =>
    rooms.find((one) => one.room === room)?.subConfId ?? (room === MAIN_ROOM ? "main" : "private talk");
  const { shown, page, pages, fitting } = callersShown(callers, list);
  const hasRooms = rooms.length > 0 || callers.some(({ room }) => room !== MAIN_ROOM);
  return (
    <section>
      <h2>Callers</h2>
      {(callers.length > MOST_CALLERS || list.find !== "") && (
        <CallerSearch {...{ frame, page, pages }} find={list.find} fitting={fitting} all={callers.length} />
      )}
      {shown.length === 0 && <Empty title="No caller fits.">Look for less, or for all.</Empty>}
      <Table
        kind="callers"
        heads={[
          "Caller",
          "Attendee ID",
          "WebEx's call",
          ...(hasRooms ? ["Room"] : []),
          "In for",
          "Voice",
          ...(form ? [""] : []),
        ]}
      >
        {shown.map((caller) => {
          const { call, number, attendeeId, extCallId, room, muted, speaks } = caller;
          const since = entered.get(call);
          const about = `name-${call}`;
          return (
            <tr id={`call-${call}`} data-row="" tabindex={-1}>
              <th scope="row" id={about}>
                <a href={withQuery(conferencePath(frame.domain, frame.confKey, "timeline"), { call })}>
                  {number || "number withheld"}
                </a>{" "}
                <span class="dim">{call}</span>
              </th>
              <td data-label="Attendee ID">{attendeeId || <None />}</td>
              <td data-label="WebEx's call">{extCallId || <span class="dim">not named yet</span>}</td>
              {hasRooms && <td data-label="Room">{nameOf(room)}</td>}
              <td data-label="In for" class="short">
                {since === undefined ? <None /> : <Age since={since} now={frame.now} />}
              </td>
              <td data-label="Voice" class="short">
                <Voice muted={muted} speaks={speaks} />
              </td>
              {form && (
                <td class="actions">
                  <Action
                    {...{ form, call, about }}
                    type={muted ? "unmute" : "mute"}
                    letter="m"
                    says="Mute or unmute"
                    title={muted ? "Unmute" : "Mute"}
                  />
                  {(open.length > 0 || room !== MAIN_ROOM) && (
                    <Move
                      {...{ form, call, about }}
                      rooms={places.filter((one) => one !== room).map((one) => [one, nameOf(one)])}
                    />
                  )}
                  <Action {...{ form, call, about }} type="expel" letter="x" title="Expel" />
                </td>
              )}
            </tr>
          );
        })}
      </Table>
    </section>
  );
}

/** The callers of this page, of those who fit. */
function callersShown(callers: ConferenceView["callers"], { find, page }: CallerList) {
  const fitting = callers.filter(({ number, attendeeId, call, extCallId }) =>
    [number, attendeeId, call, extCallId].some((text) => text.includes(find)),
  );
  const pages = Math.max(1, Math.ceil(fitting.length / MOST_CALLERS));
  const wanted = Math.min(Math.max(page, 1), pages);
  const shown = fitting.slice((wanted - 1) * MOST_CALLERS, wanted * MOST_CALLERS);
  return { shown, page: wanted, pages, fitting: fitting.length };
}

interface SearchProps extends Pick<ConferenceProps, "frame"> {
  readonly find: string;
  readonly page: number;
  readonly pages: number;
  readonly fitting: number;
  readonly all: number;
}

function CallerSearch({ frame, find, page, pages, fitting, all }: SearchProps) {
  const path = conferencePath(frame.domain, frame.confKey);
  const to = (wanted: number) => withQuery(path, listQuery({ find, page: wanted }));
  return (
    <>
      <form class="bar" action={path}>
        <div>
          <label for="find">Number, attendee ID or call</label>
          <input id="find" type="search" name="find" value={find} autocomplete="off" />
        </div>
        <button type="submit">Find</button>
        {find !== "" && <a href={path}>Show all</a>}
      </form>
      <nav class="pages" aria-label="Pages of callers">
        {page > 1 && (
          <a href={to(page - 1)} rel="prev">
            Before
          </a>
        )}
        <span>{`${fitting === all ? all : `${fitting} of ${all}`} callers, page ${page} of ${pages}`}</span>
        {page < pages && (
          <a href={to(page + 1)} rel="next">
            Further
          </a>
        )}
      </nav>
    </>
  );
}

function Voice({ muted, speaks }: { readonly muted: boolean; readonly speaks: boolean }) {
  if (muted) return <Mark is="warn">muted</Mark>;
  return speaks ? <Mark is="good">speaks</Mark> : <span class="dim">open</span>;
}

interface FormProps {
  readonly form: FormTarget;
  readonly type: string;
  readonly call?: string;
  /** Without the script it leads to the page with the action. */
  readonly stays?: boolean;
  readonly children?: Child;
}

/**
 * A form that asks for one action. `mark` is how the conference was when the page was made: the same action on the same mark is one action,
 * so that a double click or a reload acts once.
 */
function ActionForm({ form, type, call, stays = true, children }: FormProps) {
  return (
    <form method="post" action={form.to} {...(stays && { "data-stay": "" })}>
      <input type="hidden" name="mark" value={form.mark} />
      <input type="hidden" name="type" value={type} />
      {call !== undefined && <input type="hidden" name="call" value={call} />}
      {children}
    </form>
  );
}

interface ActionProps extends Omit<FormProps, "children"> {
  readonly title: string;
  readonly letter: string;
  /** The id of the element that says whom it is about. */
  readonly about?: string;
  /** In the list of keys, where the button says another thing from time to time. */
  readonly says?: string;
}

function Action({ title, letter, about, says = title, ...form }: ActionProps) {
  return (
    <ActionForm {...form}>
      <button
        type="submit"
        data-key={letter}
        data-says={says}
        {...(about !== undefined && { "aria-describedby": about })}
      >
        {title} <Letter is={letter} />
      </button>
    </ActionForm>
  );
}

/** What presses a button, written on it; not part of its name. */
function Letter({ is }: { readonly is: string }) {
  return (
    <span aria-hidden="true">
      <kbd>{is}</kbd>
    </span>
  );
}

function Move({
  rooms,
  about,
  ...form
}: Omit<FormProps, "type"> & {
  readonly rooms: readonly (readonly [room: string, name: string])[];
  readonly about: string;
}) {
  return (
    <ActionForm {...form} type="move">
      <select name="room" aria-label="Room" aria-describedby={about}>
        {rooms.map(([room, name]) => (
          <option value={room}>{name}</option>
        ))}
      </select>
      <button type="submit" data-key="v" data-says="Move to the chosen room" aria-describedby={about}>
        Move <Letter is="v" />
      </button>
    </ActionForm>
  );
}

function WholeActions({ frame, view, form }: Pick<RunningProps, "frame" | "view"> & { readonly form: FormTarget }) {
  const { locked, callers } = view;
  return (
    <div class="actions whole">
      <Action
        form={form}
        type={locked ? "unlock" : "lock"}
        title={locked ? "Unlock" : "Lock"}
        letter="l"
        says="Lock or unlock"
      />
      <Action form={form} type="mute-all" title="Mute all" letter="a" />
      <Action form={form} type="unmute-all" title="Unmute all" letter="u" />
      <details class="question">
        <summary class="button" data-key="e" data-says="End the conference, after a question">
          End … <Letter is="e" />
        </summary>
        <div>
          <p>
            End the conference {frame.confKey}? {endText(callers.length)} It cannot be undone.
          </p>
          <ActionForm form={form} type="end">
            <button type="submit" class="danger">
              End it for everybody
            </button>
          </ActionForm>
        </div>
      </details>
    </div>
  );
}

function endText(callers: number): string {
  if (callers === 0) return "Nobody is in it.";
  return callers === 1 ? "The call of its one caller ends." : `The calls of its ${callers} callers end.`;
}

/** Stays as it is while the page lives, so that nothing that is typed gets lost. */
function CallOutForm({ form }: { readonly form: FormTarget }) {
  return (
    <details class="call-out">
      <summary data-key="c" data-says="Call a number">
        Call somebody <Letter is="c" />
      </summary>
      <ActionForm form={form} type="call-out" stays={false}>
        <label>
          Number
          <input
            name="number"
            type="tel"
            required
            maxlength={40}
            placeholder="+1 408 555 0101"
            autocomplete="off"
            aria-describedby="number-says"
          />
        </label>
        <label>
          Attendee ID
          <input name="attendeeId" maxlength={64} autocomplete="off" placeholder="none" />
        </label>
        <label class="check">
          <input type="checkbox" name="muted" value="1" /> enters muted
        </label>
        <button type="submit" class="main">
          Call
        </button>
        <p id="number-says" class="dim">
          With the country code. WebEx is told of the caller as of one who dials in.
        </p>
      </ActionForm>
    </details>
  );
}

function Records({ records, now }: { readonly records: readonly DirectoryRecord[]; readonly now: EpochMs }) {
  const conferences = records.filter((one): one is ConferenceRecord => one.kind === "conference");
  const calls = records.filter((one): one is CallRecord => one.kind === "call");
  if (records.length === 0) {
    return (
      <Empty title="It has no records.">
        Here stand its calls once they are over, with who ended them and why. They come a second after the end, and are
        kept as long as the domain's settings say.
      </Empty>
    );
  }
  return (
    <>
      {conferences.map((one) => (
        <section>
          <h2>
            From <Time at={one.createdAt} now={now} /> to <Time at={one.endedAt} now={now} />
          </h2>
          <dl class="glance">
            <Fact name="Ended by">{endOf(one)}</Fact>
            <Fact name="Lasted">{ageOf(one.seconds * 1_000)}</Fact>
            <Fact name="Calls">
              {String(one.calls)}
              <span class="dim">{`, at most ${one.mostCallers} at once, ${one.callMinutes} started minutes`}</span>
            </Fact>
            <Fact name="Bridge">{one.bridge || "none"}</Fact>
            <Fact name="WebEx hosts">{one.webexHosts.join(", ") || "none"}</Fact>
            <Fact name="Failovers">{String(one.failovers)}</Fact>
            <Fact name="Repairs">{String(one.repairs)}</Fact>
            <Fact name="Given up">{String(one.givenUp)}</Fact>
          </dl>
        </section>
      ))}
      {calls.length > 0 && (
        <section>
          <h2>Calls that are over</h2>
          <Table
            heads={["Number", "Attendee ID", "Direction", "Answered", "Ended", "Lasted", "Ended by", "Rooms", "Mutes"]}
          >
            {calls.map((one) => (
              <tr data-row="" tabindex={-1}>
                <th scope="row">
                  {one.number || "withheld"} <span class="dim">{one.call}</span>
                </th>
                <td data-label="Attendee ID">{one.attendeeId || <None />}</td>
                <td data-label="Direction">{one.direction}</td>
                <td data-label="Answered">
                  {one.answeredAt === null ? <span class="dim">never</span> : <Time at={one.answeredAt} now={now} />}
                </td>
                <td data-label="Ended">
                  <Time at={one.endedAt} now={now} />
                </td>
                <td data-label="Lasted">{ageOf(one.seconds * 1_000)}</td>
                <td data-label="Ended by">{endOf(one)}</td>
                <td data-label="Rooms">{one.rooms.join(", ") || <None />}</td>
                <td data-label="Mutes">{String(one.mutes)}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
    </>
  );
}
