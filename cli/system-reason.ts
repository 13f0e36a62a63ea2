import { codeOf, networkWords, reasonOf } from "../src/foundation/text/reason.ts";

/** The error on one line, for a person; what the system says of a file or a port, in our words. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return words.get(code) ?? reasonOf(error);
}

/** Why a file cannot be read. */
export function readReason(error: unknown): string {
  const code = codeOf(error);
  if (code === "EISDIR") return "it is a folder";
  return code === "ENOENT" ? "there is no such file" : systemReason(error);
}

const words: ReadonlyMap<unknown, string> = new Map([
  ...networkWords,
  ["EADDRINUSE", "the port is taken"],
  ["EADDRNOTAVAIL", "it is no address of this machine"],
  ["EACCES", "no permission"],
  ["EPERM", "no permission"],
  ["EROFS", "read-only file system"],
  ["ENOSPC", "the disk is full"],
  ["ENOENT", "nothing can be made there"],
  ["ENOTDIR", "a part of the path is a file"],
  ["EISDIR", "a folder of this name is in the way"],
  ["ERR_FS_EISDIR", "a folder of this name is in the way"],
  ["EEXIST", "a file of this name is in the way"],
  ["E2BIG", "its settings are longer than the system passes to a process"],
  ["EFBIG", "the system lets no file grow so large: see `ulimit -f`"],
]);
