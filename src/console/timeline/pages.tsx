import { Way } from "../parts.tsx";
import type { Typed } from "../paths.ts";

interface PagesProps {
  readonly label: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly typed?: Typed | undefined;
  readonly page: number;
  readonly pages: number;
  readonly count: string;
}

/** The way to the other pages. */
export function Pages({ label, path, query, typed, page, pages, count }: PagesProps) {
  if (pages === 1) return <p class="dim">{count}</p>;
  const step = (title: string, to: number, isThere: boolean, rel?: string) => {
    if (!isThere) return <span class="dim">{title}</span>;
    return (
      <Way {...{ title, path, typed, query: { ...query, page: String(to) }, ...(rel !== undefined && { rel }) }} />
    );
  };
  return (
    <nav class="pages" aria-label={label}>
      {step("First", 1, page > 1)}
      {step("Earlier", page - 1, page > 1, "prev")}
      <span>{`page ${page} of ${pages}, ${count}`}</span>
      {step("Later", page + 1, page < pages, "next")}
      {step("Latest", pages, page < pages)}
    </nav>
  );
}
