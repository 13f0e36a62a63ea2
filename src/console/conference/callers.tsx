import { type CallId, type EpochMs, MAIN_ROOM, type RoomId } from "../../foundation/ids.ts";
import { fitsNumber, spellingsOf } from "../../foundation/text/spelled.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import { Age, Empty, Field, isolatedText, Mark, Table, Way } from "../parts.tsx";
import { withQuery } from "../paths.ts";
import { CallerActions, type FormTarget } from "./conference-actions.tsx";
import { type ConferenceFrame, conferencePath } from "./conference-frame.tsx";

export interface CallerList {
  /** A part of a number, an attendee ID, or a name of a call; empty: all. */
  readonly find: string;
  /** 1 is the first. */
  readonly page: number;
}

/** Callers on one page. */
const MOST_CALLERS = 100;

export interface CallersProps {
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
  const { callers } = view;
  if (callers.length === 0) {
    return (
      <Empty title="Nobody is in the conference.">
        Here stands everybody who is in it: who speaks, who is muted, in which room. Callers appear as they enter.
      </Empty>
    );
  }
  const { shown, page, pages, fitting } = callersShown(callers, list);
  return (
    <section>
      <h2>Callers</h2>
      {(callers.length > MOST_CALLERS || list.find !== "") && (
        <CallerSearch {...list} {...{ frame, page, pages }} fitting={fitting} all={callers.length} />
      )}
      {shown.length === 0 && <Empty title="No caller fits.">Look for less, or for all.</Empty>}
      <CallerTable {...{ frame, view, entered, form, shown }} />
    </section>
  );
}

type CallerTableProps = Omit<CallersProps, "list"> & { readonly shown: ConferenceView["callers"] };

function CallerTable({ frame: { domain, confKey, now }, view, entered, form, shown }: CallerTableProps) {
  const { callers, rooms, locked } = view;
  const hasRooms = rooms.length > 0 || callers.some(({ room }) => room !== MAIN_ROOM);
  const places = [MAIN_ROOM, ...rooms.filter(({ stage }) => stage === "open").map(({ room }) => room)];
  const nameOf = (room: RoomId) => {
    const { name, subConfId } = rooms.find((one) => one.room === room) ?? {};
    return name ?? subConfId ?? (room === MAIN_ROOM ? "main" : "private talk");
  };
  const timeline = conferencePath(domain, confKey, "timeline");
  return (
    <Table
      kind="callers"
      rows={shown}
      id={({ call }) => `call-${call}`}
      classes={{ "In for": "short", Voice: "short", "": "actions" }}
      columns={{
        Caller: ({ call, number }) => (
          <span id={`name-${call}`}>
            <a href={withQuery(timeline, { call })}>{number || "number withheld"}</a> <span class="dim">{call}</span>
          </span>
        ),
        "Attendee ID": ({ attendeeId }) => isolatedText(attendeeId),
        "WebEx's call": ({ extCallId }) => extCallId || <span class="dim">not named yet</span>,
        Room: hasRooms && (({ room }) => nameOf(room)),
        "In for": ({ call }) => {
          const since = entered.get(call);
          return since === undefined ? null : <Age since={since} now={now} />;
        },
        Voice: ({ muted, speaks }) => {
          if (muted) return <Mark is="warn">muted</Mark>;
          return speaks ? <Mark is="good">speaks</Mark> : <span class="dim">open</span>;
        },
        "":
          form !== null &&
          ((caller) => (
            <CallerActions
              {...{ form, call: caller.call, caller, locked }}
              rooms={places.filter((one) => one !== caller.room).map((one) => [one, nameOf(one)])}
            />
          )),
      }}
    />
  );
}

/** The callers of this page, of those who fit. */
function callersShown(callers: ConferenceView["callers"], { find, page }: CallerList) {
  const spellings = spellingsOf(find);
  const fitting = callers.filter(
    ({ number, attendeeId, call, extCallId }) =>
      fitsNumber(find, number) ||
      [number, attendeeId, call, extCallId].some((text) => spellings.some((one) => text.includes(one))),
  );
  const pages = Math.max(1, Math.ceil(fitting.length / MOST_CALLERS));
  const wanted = Math.min(Math.max(page, 1), pages);
  const shown = fitting.slice((wanted - 1) * MOST_CALLERS, wanted * MOST_CALLERS);
  return { shown, page: wanted, pages, fitting: fitting.length };
}

interface SearchProps extends Pick<CallersProps, "frame">, Pick<CallerList, "find"> {
  readonly page: number;
  readonly pages: number;
  readonly fitting: number;
  readonly all: number;
}

function CallerSearch({ frame, find, page, pages, fitting, all }: SearchProps) {
  const path = conferencePath(frame.domain, frame.confKey);
  const to = (wanted: number) => ({ path, typed: { find }, query: listQuery({ page: wanted }) });
  return (
    <>
      <form class="bar" method="post" action={path}>
        <Field label="Number, attendee ID or call" name="find" value={find} maxlength={64} />
        <button type="submit">Find</button>
        {find !== "" && (
          <button type="submit" name="find" value="">
            Show all
          </button>
        )}
      </form>
      <nav class="pages" aria-label="Pages of callers">
        {page > 1 && <Way title="Before" rel="prev" {...to(page - 1)} />}
        <span>{`${fitting === all ? all : `${fitting} of ${all}`} callers, page ${page} of ${pages}`}</span>
        {page < pages && <Way title="Further" rel="next" {...to(page + 1)} />}
      </nav>
    </>
  );
}

/** In addresses: what is usual is left out. */
export function listQuery({ page }: Pick<CallerList, "page">): Readonly<Record<string, string>> {
  return { page: page > 1 ? String(page) : "" };
}
