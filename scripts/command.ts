import { Command, InvalidArgumentError, Option } from "commander";

/** A command of package.json, with its `--help`. A wrong option is one line on stderr and exit code 1. */
export function command(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replaceAll("\n", " ")}\n`) });
}

/** The value of an option: a whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
}

/** The value of an option: a text that some of the names have in it. */
export function partOfName(what: string, names: readonly string[]): (text: string) => string {
  return (text) => {
    if (names.some((name) => name.includes(text))) return text;
    throw new InvalidArgumentError(`No ${what} has it in its name; --help lists them.`);
  };
}

/** For the end of `--help`: what `partOfName` chooses from. */
export function listed(what: string, names: readonly string[]): string {
  return `\nThe ${what}s:\n${names.map((name) => `  ${name}`).join("\n")}`;
}

/** Where the edge of a run is. A program that starts `npm start` hands the choice on by its environment. */
export function edgeOption(): Option {
  return new Option("--edge <runtime>", "where the edge runs: the local Workers runtime, or plain Node")
    .choices(["workers", "node"])
    .default("workers")
    .env("BRIDGEHEAD_EDGE");
}

export function edgesOption(): Option {
  const says = "two edges on plain Node: one acts, the other stands by, over one PostgreSQL";
  return new Option("--edges <n>", says).choices(["1", "2"]).default("1");
}

export function bridgeOption(): Option {
  const says = "the bridge: a simulated one, or a real Asterisk that telephones can call";
  return new Option("--bridge <kind>", says).choices(["simulated", "asterisk"]).default("simulated");
}

/** For all runs that this program starts. */
export function runOnEdge(edge: string): void {
  process.env.BRIDGEHEAD_EDGE = edge;
}
