/** Who names an operation, a page, a command or an argument: `documented`, one of the four documents that this project began with; `schema`, only later developer pages, the schema or programs that call it. */
export type Source = "documented" | "schema";
