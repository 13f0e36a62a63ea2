import { type Child, createContext, useContext } from "hono/jsx";
import type { EpochMs } from "../foundation/ids.ts";
import { instantText, secondText, sentenceIn, shownTime } from "../foundation/time/shown-time.ts";
import type { Operator } from "../operators/people.ts";
import { type Cell, type Part, partsOf, type View } from "../views/view.ts";
import { ageOf } from "./browser/age.js";
import { pathOf, type Typed, withQuery } from "./paths.ts";

/** What stands around each page, and how it shows times. */
export interface Frame {
  readonly person: Operator;
  /** How the person has signed in. */
  readonly by: "token" | "session" | "access";
  /** Those that the person sees, in the order of the settings. */
  readonly domains: readonly string[];
  /** The one that the page is about; empty: it is about none. */
  readonly domain: string;
  readonly timeZone: string;
  /** True if the browser may keep the page up to date. */
  readonly isLive: boolean;
  readonly now: EpochMs;
  /** What the page lacks, and why. */
  readonly incomplete: readonly { readonly what: string; readonly why: string }[];
}

/** `null`: around a page for whoever is not signed in. */
export const FrameOfPage = createContext<Frame | null>(null);

export function useFrame(): Frame {
  return useContext(FrameOfPage) as Frame;
}

/** A time of day in the page's zone with its seconds; behind the date where it is not today's. */
export function Time({ at }: { readonly at: EpochMs }) {
  const { timeZone, now } = useFrame();
  const { day, clock } = shownTime(at, timeZone);
  return (
    <time datetime={instantText(at)} title={wholeTime(at, timeZone)}>
      {day === shownTime(now, timeZone).day ? clock : `${day} ${clock}`}
    </time>
  );
}

/** As `2026-10-25 02:30:00 +01:00 Europe/Berlin`. */
function wholeTime(at: EpochMs, zone: string): string {
  const offset = zone === "UTC" ? "" : `${shownTime(at, zone).offset} `;
  return `${secondText(at, zone)} ${offset}${zone}`;
}

/** How long ago that was, in words; the browser counts on. */
export function Age({ since }: { readonly since: EpochMs }) {
  const { timeZone, now } = useFrame();
  return (
    <time datetime={instantText(since)} title={`since ${wholeTime(since, timeZone)}`} data-age="">
      {ageOf(now - since)}
    </time>
  );
}

/** A sentence whose times are in the page's zone, each with its day where that is not the day of `near`. */
export function Sentence({ of, near }: { readonly of: string; readonly near: EpochMs }) {
  return <>{sentenceIn(useFrame().timeZone, of, near)}</>;
}

/** How something is, in a word or two. */
export function Mark({ is, children }: { readonly is: "good" | "warn" | "bad" | "plain"; readonly children: Child }) {
  return <span class={`mark ${is}`}>{children}</span>;
}

/** A sentence that people should not miss. */
export function Notice({ is, children }: { readonly is: "warn" | "bad" | "plain"; readonly children: Child }) {
  return <p class={`notice ${is}`}>{children}</p>;
}

/** Why what was asked was not done; `null`: it was. */
export function Refusal({ says }: { readonly says: string | null }) {
  return says === null ? null : <Notice is="bad">{says}</Notice>;
}

/** A sentence; what stands between backticks is for a shell. */
export function Words({ of }: { readonly of: string }) {
  return <>{of.split("`").map((text, index) => (index % 2 === 1 ? <code>{text}</code> : text))}</>;
}

interface FactsProps {
  /** By their names; without a fact there is no name. */
  readonly of: Readonly<Record<string, Child>>;
  /** `glance`: each under its name, in a line. `facts`: beside it, each in a line of its own. */
  readonly kind?: string;
  readonly id?: string;
}

/** What something is, in short. */
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
  /** Above the list; a list that has a title and no rows is left out. */
  readonly title?: string;
  /** In place of the view's own, what an empty list says. */
  readonly none?: View<Row>["none"] | undefined;
  /** Buttons, in a last column without a head. */
  readonly actions?: ((row: Row) => Child) | false;
}

/** A list as its view has it; the first column names the row. On a narrow screen, cells say by `data-label` what they are. */
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

/** Keys and numbers stay on one line, and hosts where there is room; longer words may break. */
function wordClass(text: string): string | undefined {
  if (text.length > 32 || text.includes(" ")) return undefined;
  return text.length > 16 ? "host" : "word";
}

/** In place of a list that has nothing: what would stand here, and what to do. */
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
  /** By the names that pages go by. */
  readonly tabs: Readonly<Record<string, { readonly title: string; readonly to: string }>>;
  readonly here: string;
}

/** Pages beside each other. */
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
  /** The form that does it. */
  readonly children: Child;
}

/** A button that asks before anything is done. As it opens, what it asks gets the focus, so that nothing that is typed presses anything. */
export function Question({ id, title, asks, children }: QuestionProps) {
  return (
    <details class="question" id={id} data-asks="">
      <summary class="button">{title} …</summary>
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
  /** Of this page; absent: it is the first. */
  readonly cursor: string | undefined;
  /** Of the page after it; `null`: there is none. */
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
  /** 1 is the first. */
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
  /** The same as its name, unless a page has several of it. */
  readonly id?: string;
  readonly value: string;
  readonly type?: "text" | "date";
  readonly maxlength?: number;
  readonly list?: string;
  readonly placeholder?: string;
}

/** What people fill in, below its label. */
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
  /** What nothing chosen means. */
  readonly all: string;
  /** Titles by values. */
  readonly values: Readonly<Record<string, string>>;
}

/** One of several values, or none of them. */
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

/** The button of a form by which people search. */
export function Search() {
  return <button type="submit">Search</button>;
}
