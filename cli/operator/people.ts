import { createHash, randomBytes } from "node:crypto";
import { type Command, Option } from "commander";
import { counted } from "../../src/foundation/text/counted.ts";
import { personNameFault } from "../../src/operators/people.ts";
import { print } from "../edge/program.ts";
import { askEdge, valid } from "./ask-edge.ts";

/** The token for the user, and the line for the settings. */
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
    .summary("Create a token for a user")
    .description("Create a token for a user; print it once, and the line for the settings")
    .argument("<name>", "letters, digits, dots, - and _", valid(personNameFault))
    .addOption(
      new Option("--role <role>", "what the user may do: look, or act as well")
        .choices(["viewer", "operator"])
        .default("viewer"),
    )
    .requiredOption("--domain <names...>", 'domains that the user sees; "*" for all')
    .action((name: string, { role, domain }: { role: string; domain: string[] }) => {
      const { token, line } = newOperator(name, role, domain);
      print(`token of ${name}: ${token}`);
      print("It is shown only once. The line for `people` of `operators` in the settings, or of OPERATORS:");
      print(line);
    });

  program
    .command("sign-out")
    .summary("End all console sessions of a user")
    .description("End all console sessions of a user; the token stays valid")
    .argument("<name>", "the user, as in the settings; `operator` for the operator's token")
    .usage("<name>")
    .action((name: string) =>
      askEdge(async (edge) => {
        const { ended } = await edge.ask("DELETE /people/{person}/sessions", { person: name });
        process.stdout.write(`Ended ${counted(ended, "session")} of ${name}.\n`);
      }),
    );
}
