import { withQuery } from "../paths.ts";

interface PagesProps {
  readonly label: string;
  readonly path: string;
  readonly query: Parameters<typeof withQuery>[1];
  readonly page: number;
  readonly pages: number;
  readonly count: string;
}

/** The way to the other pages. */
export function Pages({ label, path, query, page, pages, count }: PagesProps) {
  if (pages === 1) return <p class="dim">{count}</p>;
  const step = (title: string, to: number, isThere: boolean, rel?: string) => {
    if (!isThere) return <span class="dim">{title}</span>;
    return (
      <a href={withQuery(path, { ...query, page: String(to) })} {...(rel !== undefined && { rel })}>
        {title}
      </a>
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
