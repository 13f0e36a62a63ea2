import { createHash, randomBytes } from "node:crypto";
import { type Command, InvalidArgumentError, Option } from "commander";
import { counted } from "../../src/foundation/text/counted.ts";
import { personNameFault } from "../../src/operators/people.ts";
import { print } from "../edge/program.ts";
import { askEdge } from "./ask-edge.ts";

/** What a person is given once, and what the settings get. */
export function newOperator(
  name: string,
  role: string,
  domains: readonly string[],
): { readonly token: string; readonly line: string } {
  const token = randomBytes(24).toString("base64url");
  const tokenSha256 = createHash("sha256").update(token).digest("hex");
  return { token, line: JSON.stringify({ name, tokenSha256, role, domains }) };
}

export function addPeople(program: Command): void {
  program
    .command("operator")
    .description("make a token for a person; prints it once, and the line for the settings")
    .argument("<name>", "who: letters, digits, dots, - and _", personName)
    .addOption(
      new Option("--role <role>", "what the person may do: look, or act, too")
        .choices(["viewer", "operator"])
        .default("viewer"),
    )
    .requiredOption("--domain <names...>", 'domains that the person sees; "*" for all')
    .action((name: string, { role, domain }: { role: string; domain: string[] }) => {
      const { token, line } = newOperator(name, role, domain);
      print(`token of ${name}: ${token}`);
      print("It is shown only now: hand it over. For `people` of `operators` in the settings, or of OPERATORS:");
      print(line);
    });

  program
    .command("sign-out")
    .description("end all sessions that a person has at the console; the token stays good")
    .argument("<name>", "who, as in the settings; `operator` for whoever has the operator's token")
    .usage("<name>")
    .action((name: string) =>
      askEdge(async (edge) => {
        const { ended } = await edge.ask("DELETE /people/{person}/sessions", { person: name });
        const said =
          ended === 0 ? `nobody of the name ${name} was signed in` : `ended ${counted(ended, "session")} of ${name}`;
        process.stdout.write(`${said}\n`);
      }),
    );
}

function personName(text: string): string {
  const fault = personNameFault(text);
  if (fault !== null) throw new InvalidArgumentError(fault);
  return text;
}
