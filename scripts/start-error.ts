/** Something that a person must put right before we can start: told as one line. */
export class StartError extends Error {}

/** What went wrong, as a person would say it, on one line. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = "code" in error && typeof error.code === "string" ? words[error.code] : undefined;
  return (said ?? error.message).replaceAll("\n", " ");
}

const words: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken",
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "read-only file system",
  ENOSPC: "the disk is full",
  ENOENT: "nothing can be made there",
  ENOTDIR: "a part of the path is a file",
  EISDIR: "a folder of this name is in the way",
  EEXIST: "a file of this name is in the way",
};
