import { type Child, createContext, useContext } from "hono/jsx";
import type { EpochMs } from "../foundation/ids.ts";
import { instantText, secondText, sentenceIn, shownTime } from "../foundation/time/shown-time.ts";
import type { Operator } from "../operators/people.ts";
import { type Cell, type Part, partsOf, type View } from "../views/view.ts";
import { ageOf } from "./browser/age.js";
import { pathOf, type Typed, withQuery } from "./paths.ts";

/** The frame of a page, and its way of showing times. */
export interface Frame {
  readonly person: Operator;
  /** How the user signed in. */
  readonly by: "token" | "session" | "access";
  /** Domains that the user sees, in the order of the settings. */
  readonly domains: readonly string[];
  /** The page's domain; empty: none. */
  readonly domain: string;
  readonly timeZone: string;
  /** True if the browser updates the page. */
  readonly isLive: boolean;
  readonly now: EpochMs;
  /** Missing parts of the page, with reasons. */
  readonly incomplete: readonly { readonly what: string; readonly why: string }[];
}

/** `null`: the user is not signed in. */
export const FrameOfPage = createContext<Frame | null>(null);

export function useFrame(): Frame {
  return useContext(FrameOfPage) as Frame;
}

/** A time in the page's zone with seconds, and with the date if it is not today. */
export function Time({ at }: { readonly at: EpochMs }) {
  const { timeZone, now } = useFrame();
  const { day, clock } = shownTime(at, timeZone);
  return (
    <time datetime={instantText(at)} title={wholeTime(at, timeZone)}>
      {day === shownTime(now, timeZone).day ? clock : `${day} ${clock}`}
    </time>
  );
}

/** Example: `2026-10-25 02:30:00 +01:00 Europe/Berlin`. */
function wholeTime(at: EpochMs, zone: string): string {
  const offset = zone === "UTC" ? "" : `${shownTime(at, zone).offset} `;
  return `${secondText(at, zone)} ${offset}${zone}`;
}

/** An age in words, which the browser updates. */
export function Age({ since }: { readonly since: EpochMs }) {
  const { timeZone, now } = useFrame();
  return (
    <time datetime={instantText(since)} title={`since ${wholeTime(since, timeZone)}`} data-age="">
      {ageOf(now - since)}
    </time>
  );
}

/** A sentence with times in the page's zone, and with the date if it differs from that of `near`. */
export function Sentence({ of, near }: { readonly of: string; readonly near: EpochMs }) {
  return <>{sentenceIn(useFrame().timeZone, of, near)}</>;
}

/** A state in a word or two. */
export function Mark({ is, children }: { readonly is: "good" | "warn" | "bad" | "plain"; readonly children: Child }) {
  return <span class={`mark ${is}`}>{children}</span>;
}

export function Notice({ is, children }: { readonly is: "warn" | "bad" | "plain"; readonly children: Child }) {
  return <p class={`notice ${is}`}>{children}</p>;
}

/** Why the request was refused; `null`: it was not. */
export function Refusal({ says }: { readonly says: string | null }) {
  return says === null ? null : <Notice is="bad">{says}</Notice>;
}

/** A sentence. Text between backticks is a shell command. */
export function Words({ of }: { readonly of: string }) {
  return <>{of.split("`").map((text, index) => (index % 2 === 1 ? <code>{text}</code> : text))}</>;
}

interface FactsProps {
  /** Facts by name. Empty ones are hidden. */
  readonly of: Readonly<Record<string, Child>>;
  /** `glance`: in one line, each below its name. `facts`: one per line, after its name. */
  readonly kind?: string;
  readonly id?: string;
}

export function Facts({ of, kind = "glance", id }: FactsProps) {
  return (
    <dl class={kind} id={id}>
      {Object.entries(of).map(
        ([name, fact]) =>
          fact !== null && (
            <div>
              <dt>{name}</dt>
              <dd>{fact}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

interface ListProps<Row> {
  readonly view: View<Row>;
  readonly rows: readonly Row[];
  /** Title above the list. A list with a title and no rows is hidden. */
  readonly title?: string;
  /** Replaces the view's text for an empty list. */
  readonly none?: View<Row>["none"] | undefined;
  /** Buttons, in a last column without a title. */
  readonly actions?: ((row: Row) => Child) | false;
}

/** A list by its view. The first column names the row. On a narrow screen, `data-label` names each cell. */
export function List<Row>({ view, rows, title, none = view.none, actions = false }: ListProps<Row>) {
  if (rows.length === 0) return title === undefined ? <Empty title={none[0]}>{none[1]}</Empty> : null;
  const columns = view.columns.filter(({ only }) => only !== "terminal");
  const shown = (cell: Cell) => {
    const parts = partsOf(cell).map((part, index) => [index > 0 && " ", <Shown part={part} />]);
    return parts.length === 0 ? "" : <span class="marks">{parts}</span>;
  };
  return (
    <section>
      {title !== undefined && <h2>{title}</h2>}
      <div class="table">
        <table>
          <thead>
            <tr>
              {columns.map(({ title, number }) => (
                <th scope="col" class={number && "number"}>
                  {title}
                </th>
              ))}
              {actions && <td />}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr id={view.id(row)}>
                {columns.map(({ title, number, cell }, index) =>
                  index === 0 ? (
                    <th scope="row" id={actions ? `${view.id(row)}-name` : undefined}>
                      {shown(cell(row))}
                    </th>
                  ) : (
                    <td data-label={title} class={number && "number"}>
                      {shown(cell(row))}
                    </td>
                  ),
                )}
                {actions && <td class="actions">{actions(row)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Shown({ part }: { readonly part: Part }) {
  const { domain } = useFrame();
  if (typeof part !== "object") return <bdi class={wordClass(String(part))}>{part}</bdi>;
  if ("at" in part) return <Time at={part.at} />;
  if ("ago" in part) return <Age since={part.ago} />;
  if ("since" in part) return <Age since={part.since} />;
  if ("ms" in part) return <>{ageOf(part.ms)}</>;
  const { text, tone, to, query = {}, tooltip } = part;
  if (to) {
    return (
      <a href={withQuery(pathOf(domain, ...to), query)} class={wordClass(text)}>
        {text}
      </a>
    );
  }
  if (tone === "dim") return <span class="dim">{text}</span>;
  if (tone) return <Mark is={tone}>{text}</Mark>;
  return (
    <bdi title={tooltip} class={wordClass(text)}>
      {text}
    </bdi>
  );
}

/** Keys and numbers stay on one line, and hosts if there is space. Longer words may break. */
function wordClass(text: string): string | undefined {
  if (text.length > 32 || text.includes(" ")) return undefined;
  return text.length > 16 ? "host" : "word";
}

/** Text for an empty list: what it would have, and what to do. */
export function Empty({ title, children }: { readonly title: string; readonly children: Child }) {
  return (
    <div class="empty">
      <p class="what">{title}</p>
      <p>{children}</p>
    </div>
  );
}

interface TabsProps {
  readonly label: string;
  readonly tabs: Readonly<Record<string, { readonly title: string; readonly to: string }>>;
  readonly here: string;
}

/** Tabs. */
export function Tabs({ label, tabs, here }: TabsProps) {
  return (
    <nav class="tabs" aria-label={label}>
      {Object.entries(tabs).map(([name, { title, to }]) => (
        <a href={to} aria-current={name === here ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

interface QuestionProps {
  readonly id: string;
  readonly title: string;
  readonly asks: Child;
  /** ID of the element that describes the button. */
  readonly about?: string;
  readonly children: Child;
}

/** A button that asks first. Its question gets the focus, so that a key press confirms nothing. */
export function Question({ id, title, asks, about, children }: QuestionProps) {
  return (
    <details class="question" id={id} data-asks="">
      <summary class="button" aria-describedby={about}>
        {title} …
      </summary>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields. */}
      <div role="group" tabindex={-1} aria-labelledby={`${id}-asks`}>
        <p id={`${id}-asks`}>{asks}</p>
        {children}
      </div>
    </details>
  );
}

interface WayProps {
  readonly title: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | null | undefined>>;
  readonly typed?: Typed | undefined;
  readonly rel?: string | undefined;
}

/** Links to another page of a list, or posts a form if the query has personal data. */
export function Way({ title, path, query = {}, typed = {}, rel }: WayProps) {
  if (Object.values(typed).some((value) => value !== "")) {
    return <PostWay title={title} path={path} fields={{ ...query, ...typed }} />;
  }
  return (
    <a href={withQuery(path, query)} rel={rel}>
      {title}
    </a>
  );
}

interface PostWayProps extends Pick<WayProps, "title" | "path"> {
  readonly fields: NonNullable<WayProps["query"]>;
}

export function PostWay({ title, path, fields }: PostWayProps) {
  return (
    <form class="inline" method="post" action={path}>
      {Object.entries(fields).map(([name, value]) => value && <input type="hidden" name={name} value={value} />)}
      <button type="submit" class="quiet">
        {title}
      </button>
    </form>
  );
}

interface FurtherProps extends Omit<WayProps, "title" | "rel"> {
  /** Cursor of this page; absent: the first. */
  readonly cursor: string | undefined;
  /** Cursor of the next page; `null`: none. */
  readonly next: string | null;
  readonly titles?: readonly [first: string, next: string];
  readonly children?: Child;
}

/** Links to other pages of a list. */
export function Further({ cursor, next, titles: [first, more] = ["Latest", "Older"], children, ...way }: FurtherProps) {
  return (
    <div class="line">
      {cursor !== undefined && <Way {...way} title={first} />}
      {next !== null && <Way {...way} title={more} query={{ ...way.query, cursor: next }} />}
      {children}
    </div>
  );
}

interface PagesProps extends Omit<WayProps, "title" | "rel"> {
  readonly label: string;
  readonly page: number;
  readonly pages: number;
  readonly count: string;
}

/** Links to other pages of a list whose pages are counted. */
export function Pages({ label, page, pages, count, query, ...way }: PagesProps) {
  if (pages === 1) return <p class="dim">{count}</p>;
  const step = (title: string, to: number, rel?: string) => {
    if (to < 1 || to > pages || to === page) return <span class="dim">{title}</span>;
    return <Way {...way} title={title} query={{ ...query, page: String(to) }} rel={rel} />;
  };
  return (
    <nav class="pages" aria-label={label}>
      {step("First", 1)}
      {step("Earlier", page - 1, "prev")}
      <span>{`page ${page} of ${pages}, ${count}`}</span>
      {step("Later", page + 1, "next")}
      {step("Latest", pages)}
    </nav>
  );
}

interface FieldProps {
  readonly label: string;
  readonly name: string;
  /** Its name by default. Set it if a page has several of that name. */
  readonly id?: string;
  readonly value: string;
  readonly type?: "text" | "date";
  readonly maxlength?: number;
  readonly list?: string;
  readonly placeholder?: string;
}

/** An input field below its label. */
export function Field({ label, name, id = name, type = "text", ...input }: FieldProps) {
  return (
    <div>
      <label for={id}>{label}</label>
      <input id={id} name={name} type={type} autocomplete="off" {...input} />
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  /** The meaning of no choice. */
  readonly all: string;
  /** Titles by values. */
  readonly values: Readonly<Record<string, string>>;
}

export function Choice({ label, name, value: chosen, all, values }: ChoiceProps) {
  return (
    <div>
      <label for={name}>{label}</label>
      <select id={name} name={name}>
        <option value="">{all}</option>
        {Object.entries(values).map(([value, title]) => (
          <option value={value} selected={value === chosen}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Search() {
  return <button type="submit">Search</button>;
}
