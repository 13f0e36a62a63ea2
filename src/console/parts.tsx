import { type Child, createContext, useContext } from "hono/jsx";
import type { EpochMs } from "../foundation/ids.ts";
import { instantText, secondText, sentenceIn, shownTime } from "../foundation/time/shown-time.ts";
import { type Part, partsOf, type View } from "../views/view.ts";
import { ageOf } from "./browser/age.js";
import { pathOf, type Typed, withQuery } from "./paths.ts";

/** The time zone in which a page shows times. */
export const ZoneOfPage = createContext("UTC");

/** A time of day in the page's zone with its seconds; behind the date where it is not today's. */
export function Time({ at, now }: { readonly at: EpochMs; readonly now: EpochMs }) {
  const zone = useContext(ZoneOfPage);
  const { day, clock } = shownTime(at, zone);
  return (
    <time datetime={instantText(at)} title={wholeTime(at, zone)}>
      {day === shownTime(now, zone).day ? clock : `${day} ${clock}`}
    </time>
  );
}

/** As `2026-10-25 02:30:00 +01:00 Europe/Berlin`. */
function wholeTime(at: EpochMs, zone: string): string {
  const offset = zone === "UTC" ? "" : `${shownTime(at, zone).offset} `;
  return `${secondText(at, zone)} ${offset}${zone}`;
}

/** How long ago that was, in words; the browser counts on. */
export function Age({ since, now }: { readonly since: EpochMs; readonly now: EpochMs }) {
  return (
    <time datetime={instantText(since)} title={`since ${wholeTime(since, useContext(ZoneOfPage))}`} data-age="">
      {ageOf(now - since)}
    </time>
  );
}

/** A sentence whose times are in the page's zone, each with its day where that is not the day of `near`. */
export function Sentence({ of, near }: { readonly of: string; readonly near: EpochMs }) {
  return <>{sentenceIn(useContext(ZoneOfPage), of, near)}</>;
}

/** How something is, in a word or two. */
export function Mark({ is, children }: { readonly is: "good" | "warn" | "bad" | "plain"; readonly children: Child }) {
  return <span class={`mark ${is}`}>{children}</span>;
}

/** A sentence that people should not miss. */
export function Notice({ is, children }: { readonly is: "warn" | "bad" | "plain"; readonly children: Child }) {
  return <p class={`notice ${is}`}>{children}</p>;
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

interface TableProps<Row> {
  readonly rows: readonly Row[];
  /** By their heads; the first one names the row. A cell that is `null` says "none". Without a name: buttons. */
  readonly columns: Readonly<Record<string, ((row: Row) => Child) | false>>;
  /** Of the cells, by the head of the column; a `number` stands to the right. */
  readonly classes?: Readonly<Record<string, string>>;
  /** By which the browser knows a row again. */
  readonly id?: (row: Row) => string;
  /** What the style knows it by, where it is like no other. */
  readonly kind?: string;
  readonly caption?: Child;
}

/** A list in columns; on a narrow screen its cells say by `data-label` what they are. */
export function Table<Row>({ rows, columns, classes = {}, id, kind, caption }: TableProps<Row>) {
  const cells = Object.entries(columns).flatMap(([head, cell]) => (cell ? [{ head, cell, style: classes[head] }] : []));
  return (
    <div class="table">
      <table {...(kind !== undefined && { class: kind })}>
        {caption !== undefined && <caption>{caption}</caption>}
        <thead>
          <tr>
            {cells.map(({ head, style }) =>
              head === "" ? (
                <td />
              ) : (
                <th scope="col" {...(style?.startsWith("number") && { class: "number" })}>
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr id={id?.(row)}>
              {cells.map(({ head, cell, style }, index) => {
                const shown = cell(row);
                if (index === 0) return <th scope="row">{shown}</th>;
                return (
                  <td {...(head !== "" && { "data-label": head })} {...(style !== undefined && { class: style })}>
                    {shown === null ? <None /> : shown}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ListProps<Row> {
  readonly view: View<Row>;
  readonly rows: readonly Row[];
  readonly domain: string;
  readonly now: EpochMs;
  /** Above the list; a list that has a title and no rows is left out. */
  readonly title?: string;
  /** In place of the view's own, what an empty list says. */
  readonly none?: View<Row>["none"] | undefined;
  /** Buttons, in a last column without a head. */
  readonly actions?: ((row: Row) => Child) | false;
}

/** A list as its view has it. */
export function List<Row>({ view, rows, domain, now, title, none = view.none, actions = false }: ListProps<Row>) {
  if (rows.length === 0) return title === undefined ? <Empty title={none[0]}>{none[1]}</Empty> : null;
  const columns = view.columns.filter(({ only }) => only !== "terminal");
  const cells = columns.map(({ title, cell }) => {
    const shown = (row: Row) => {
      const parts = partsOf(cell(row)).map((part, index) => [
        index > 0 && " ",
        <Shown part={part} domain={domain} now={now} />,
      ]);
      return parts.length === 0 ? "" : <span class="marks">{parts}</span>;
    };
    return [title, shown] as const;
  });
  const classes = columns.flatMap(({ title, number }) => (number ? [[title, "number"]] : []));
  const table = (
    <Table
      rows={rows}
      id={view.id}
      columns={{ ...Object.fromEntries(cells), "": actions }}
      classes={Object.fromEntries(classes)}
    />
  );
  if (title === undefined) return table;
  return (
    <section>
      <h2>{title}</h2>
      {table}
    </section>
  );
}

function Shown({ part, domain, now }: Pick<ListProps<never>, "domain" | "now"> & { readonly part: Part }) {
  if (typeof part !== "object") return <bdi class={wordClass(String(part))}>{part}</bdi>;
  if ("at" in part) return <Time at={part.at} now={now} />;
  if ("ago" in part) return <Age since={part.ago} now={now} />;
  if ("ms" in part) return <>{ageOf(part.ms)}</>;
  const { text, tone, to, query = {}, tooltip } = part;
  if (to) {
    return (
      <a href={withQuery(pathOf(domain, ...to), query)} class={wordClass(text)}>
        {text}
      </a>
    );
  }
  if (tone === undefined) {
    return (
      <bdi title={tooltip} class={wordClass(text)}>
        {text}
      </bdi>
    );
  }
  return tone === "dim" ? <span class="dim">{text}</span> : <Mark is={tone}>{text}</Mark>;
}

/** Keys and numbers stay on one line; longer words may break. */
function wordClass(text: string): string | undefined {
  return text.length <= 16 && !text.includes(" ") ? "word" : undefined;
}

/** A table under its title; nothing where it has no rows. */
export function Listed<Row>({
  title,
  note,
  ...table
}: TableProps<Row> & { readonly title: string; readonly note?: string }) {
  if (table.rows.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      {note !== undefined && <p class="dim">{note}</p>}
      <Table {...table} />
    </section>
  );
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

/** In a cell that has nothing. */
export function None() {
  return <span class="dim">none</span>;
}

/** A text of somebody else's, in whichever direction it is written; `null`: there is none. */
export function isolatedText(text: string | null): Child {
  return text ? <bdi>{text}</bdi> : null;
}

/** With commas between them. */
export function listed(items: readonly Child[]): Child {
  return items.map((item, index) => [index > 0 && ", ", item]);
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
        <a href={to} {...(name === here && { "aria-current": "page" })}>
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
  const isTyped = Object.values(typed).some((value) => value !== "");
  return isTyped ? (
    <PostWay title={title} path={path} fields={{ ...query, ...typed }} />
  ) : (
    <a href={withQuery(path, query)} {...(rel !== undefined && { rel })}>
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

interface FurtherProps {
  readonly path: string;
  readonly typed?: Typed | undefined;
  /** The query of each page by its title; `null`: there is no such page. */
  readonly to: Readonly<Record<string, NonNullable<WayProps["query"]> | null>>;
  readonly children?: Child;
}

/** Links to other pages of a list. */
export function Further({ path, typed, to, children }: FurtherProps) {
  return (
    <div class="line">
      {Object.entries(to).map(([title, query]) => query && <Way {...{ title, path, query, typed }} />)}
      {children}
    </div>
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
          <option value={value} {...(value === chosen && { selected: true })}>
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
