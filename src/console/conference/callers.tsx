import { type CallId, type EpochMs, MAIN_ROOM, type RoomId } from "../../foundation/ids.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import { Age, Empty, Mark, None, Table } from "../parts.tsx";
import { withQuery } from "../paths.ts";
import { CallerActions, type FormTarget } from "./conference-actions.tsx";
import { type ConferenceFrame, conferencePath } from "./conference-frame.tsx";

/** Which callers are shown; the page alone stands in the address. */
export interface CallerList {
  /** A part of a number, an attendee ID, or a name of a call; empty: all. */
  readonly find: string;
  /** 1 is the first. */
  readonly page: number;
}

/** Callers on one page. */
const MOST_CALLERS = 100;

interface CallersProps {
  readonly frame: ConferenceFrame;
  readonly view: ConferenceView;
  /** When they entered, as far as that is known. */
  readonly entered: ReadonlyMap<CallId, EpochMs>;
  readonly list: CallerList;
  /** `null`: the person may not act. */
  readonly form: FormTarget | null;
}

/** Everybody who is in a conference, so many to a page. */
export function Callers({ frame, view, entered, list, form }: CallersProps) {
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
        {shown.map((caller) => (
          <CallerRow {...{ frame, view, form, caller }} since={entered.get(caller.call)} {...{ places, hasRooms }} />
        ))}
      </Table>
    </section>
  );
}

interface CallerRowProps extends Pick<CallersProps, "frame" | "view" | "form"> {
  readonly caller: ConferenceView["callers"][number];
  /** When it entered, if that is known. */
  readonly since: EpochMs | undefined;
  /** The rooms that there are. */
  readonly places: readonly RoomId[];
  readonly hasRooms: boolean;
}

function CallerRow({ frame, view, form, caller, since, places, hasRooms }: CallerRowProps) {
  const { call, number, attendeeId, extCallId, room, muted, speaks } = caller;
  const about = `name-${call}`;
  const nameOf = (room: RoomId) =>
    view.rooms.find((one) => one.room === room)?.subConfId ?? (room === MAIN_ROOM ? "main" : "private talk");
  return (
    <tr id={`call-${call}`} data-row="" tabindex={-1}>
      <th scope="row" id={about}>
        <a href={withQuery(conferencePath(frame.domain, frame.confKey, "timeline"), { call })}>
          {number || "number withheld"}
        </a>{" "}
        <span class="dim">{call}</span>
      </th>
      <td data-label="Attendee ID">{attendeeId ? <bdi>{attendeeId}</bdi> : <None />}</td>
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
          <CallerActions
            {...{ form, call, caller, locked: view.locked }}
            rooms={places.filter((one) => one !== room).map((one) => [one, nameOf(one)])}
          />
        </td>
      )}
    </tr>
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

interface SearchProps extends Pick<CallersProps, "frame"> {
  readonly find: string;
  readonly page: number;
  readonly pages: number;
  readonly fitting: number;
  readonly all: number;
}

function CallerSearch({ frame, find, page, pages, fitting, all }: SearchProps) {
  const path = conferencePath(frame.domain, frame.confKey);
  const to = (wanted: number) => withQuery(path, listQuery({ page: wanted }));
  return (
    <>
      <form class="bar" method="post" action={path}>
        <div>
          <label for="find">Number, attendee ID or call</label>
          <input id="find" type="search" name="find" value={find} autocomplete="off" />
        </div>
        <button type="submit">Find</button>
        {find !== "" && (
          <button type="submit" name="find" value="">
            Show all
          </button>
        )}
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

/** In addresses: what is usual is left out. */
export function listQuery({ page }: Pick<CallerList, "page">): Readonly<Record<string, string>> {
  return { page: page > 1 ? String(page) : "" };
}
