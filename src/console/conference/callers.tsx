import { type CallId, type EpochMs, MAIN_ROOM } from "../../foundation/ids.ts";
import { fitsNumber, spellingsOf } from "../../foundation/text/spelled.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import { type CallerRow, callersOf, callers as callersView } from "../../views/calls.ts";
import { Empty, Field, List, Pages } from "../parts.tsx";
import { CallerActions, type FormTarget } from "./conference-actions.tsx";
import { type ConferenceFrame, conferencePath } from "./conference-frame.tsx";

/** Callers on one page. */
const MOST_CALLERS = 100;

export interface CallersProps {
  readonly frame: ConferenceFrame;
  readonly view: ConferenceView;
  /** Times of entry, as far as known. */
  readonly entered: ReadonlyMap<CallId, EpochMs>;
  /** Part of a number, an attendee ID, or a call ID; empty: all. */
  readonly find: string;
  /** Of the callers; 1 is the first. */
  readonly page: number;
  /** `null`: the user may not act. */
  readonly form: FormTarget | null;
}

/** The callers of a conference, page by page. */
export function Callers({ frame: { domain, confKey }, view, entered, find, page, form }: CallersProps) {
  if (view.callers.length === 0) return <Empty title="Nobody is in the conference.">{callersView.none[1]}</Empty>;
  const all = callersOf(view).map((one) => ({ ...one, enteredAt: entered.get(one.call) }));
  const spellings = spellingsOf(find);
  const fitting = all.filter(
    ({ number, attendeeId, call, extCallId }) =>
      fitsNumber(find, number) ||
      [number, attendeeId, call, extCallId].some((text) => spellings.some((one) => text.includes(one))),
  );
  const pages = Math.max(1, Math.ceil(fitting.length / MOST_CALLERS));
  const shown = Math.min(Math.max(page, 1), pages);
  const path = conferencePath(domain, confKey);
  const count = fitting.length === all.length ? `${all.length} callers` : `${fitting.length} of ${all.length} callers`;
  const open = view.rooms.filter(({ stage }) => stage === "open");
  const places = [
    [MAIN_ROOM, "main"] as const,
    ...open.map(({ room, name, subConfId }) => [room, name ?? subConfId] as const),
  ];
  return (
    <section>
      <h2>Callers</h2>
      {(all.length > MOST_CALLERS || find !== "") && (
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
          <Pages label="Pages of callers" {...{ path, typed: { find }, page: shown, pages, count }} />
        </>
      )}
      <List
        view={callersView}
        rows={fitting.slice((shown - 1) * MOST_CALLERS, shown * MOST_CALLERS)}
        none={["No caller fits.", "Shorten the text, or show all."]}
        actions={
          form !== null &&
          ((caller: CallerRow) => (
            <CallerActions
              {...{ form, call: caller.call, number: caller.number, caller, locked: view.locked }}
              rooms={places.filter(([room]) => room !== caller.room)}
            />
          ))
        }
      />
    </section>
  );
}

export function pageQuery(page: number): Readonly<Record<string, string>> {
  return { page: page > 1 ? String(page) : "" };
}
