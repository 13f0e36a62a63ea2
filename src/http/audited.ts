import { cut } from "../foundation/cut.ts";
import type { DomainName } from "../foundation/ids.ts";
import type { Edge } from "./app.ts";
import type { SignedIn } from "./guard.ts";

/** What a person asks of a domain. */
export interface Asked {
  readonly domain: DomainName;
  readonly signedIn: SignedIn;
  /** The operation's name in the API. */
  readonly action: string;
  readonly actionId: string;
  /** Read when it is over. */
  about(): Readonly<Record<string, string>>;
  readonly from: string;
}

/** The answer, and of a refusal its title. */
export interface Became {
  readonly response: Response;
  readonly refusal: string | null;
}

/** Carries out what a person asks, and writes down what became of it, also where that failed. */
export async function audited(edge: Edge, asked: Asked, act: () => Promise<Became>): Promise<Response> {
  const { domain, signedIn, action, actionId, from } = asked;
  const { name: person, role } = signedIn.person;
  const note = (status: number, refusal: string | null) => {
    const about = shortened(asked.about());
    edge.audit(domain, {
      ...{ at: edge.now(), person, role, by: signedIn.by },
      ...{ action, about, actionId, status, refusal, from },
    });
  };
  try {
    const { response, refusal } = await act();
    note(response.status, refusal);
    return response;
  } catch (error) {
    note(503, "failed for now");
    throw error;
  }
}

/** What people send is kept for long, so it is not kept at any length. */
function shortened(about: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(about).map(([name, text]) => [name, cut(text, 256)]));
}
