import { accessSync, constants } from "node:fs";
import { readReason } from "../system-reason.ts";

/** Whether a state is a database, and no folder. */
export function isDatabase(state: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(state);
}

/** A database as people name it: without user, password and options. */
export function placeOfDatabase(url: string): string {
  return url.replace(/\/\/.*@/, "//").replace(/\?.*/s, "");
}

/** The client takes any other one for `verify-full`. */
const sslModes = ["disable", "verify-full", "no-verify"];
const sslFiles = ["sslrootcert", "sslcert", "sslkey"];

/** What is wrong with the URL, in a sentence's end; `null`: nothing that can be seen without asking. */
export function faultOfDatabase(url: string): string | null {
  if (!isDatabase(url)) return "must be a database as postgresql://…";
  const [, user = "", hosts = "", database = "", query = ""] =
    /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?]*)\/?([^?]*)(?:\?(.*))?$/s.exec(url) ?? [];
  if (/[@#]|%(?![\da-f]{2})/i.test(user) || /[@#]/.test(database + query))
    return "has a letter in its password that a URL writes otherwise: `@` as %40, `/` %2F, `?` %3F, `#` %23, `%` %25";
  const options = new URLSearchParams(query);
  if (!options.has("host") && !hosts.split(",").every(isHost))
    return "must name a host, or several with a comma between them, as in db-1,db-2:5433";
  if (!database) return "has no name of a database";
  if (database.includes("/")) return "has `/` in the name of its database, which is written as %2F";
  const mode = options.get("sslmode");
  if (mode !== null && !sslModes.includes(mode))
    return `has sslmode=${mode}, which must be one of ${sslModes.join(", ")}`;
  for (const name of sslFiles) {
    const file = options.get(name);
    const fault = file === null ? null : faultOfFile(file);
    if (fault !== null) return `has ${name}=${file}, which cannot be read (${fault})`;
  }
  return null;
}

function faultOfFile(file: string): string | null {
  try {
    accessSync(file, constants.R_OK);
    return null;
  } catch (error) {
    return readReason(error);
  }
}

function isHost(host: string): boolean {
  const [, port = "5432"] = /^(?:[\w.%-]+|\[[\da-f:.]+\])(?::(\d+))?$/i.exec(host) ?? ["", "0"];
  return Number(port) >= 1 && Number(port) <= 65_535;
}
