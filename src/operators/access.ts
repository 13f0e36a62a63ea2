import { createRemoteJWKSet, customFetch, errors, jwtVerify } from "jose";
import type { AccessPeople, Operator } from "./people.ts";

/** Keys by the address of their team. Fetched with the first token, after ten minutes, and for an unknown key. */
const known = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The user of a token in `Cf-Access-Jwt-Assertion`; `null`: wrong or unknown. Rejects if the team's keys cannot be fetched. */
export async function personOfAccess(
  { issuer, audience, people }: AccessPeople,
  token: string,
  fetch: Fetch,
  now: number,
): Promise<Operator | null> {
  const url = `${issuer}/cdn-cgi/access/certs`;
  const keys = known.get(url) ?? createRemoteJWKSet(new URL(url), { [customFetch]: fetch });
  known.set(url, keys);
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ["RS256", "ES256"],
      requiredClaims: ["exp"],
      currentDate: new Date(now),
    });
    const { email } = payload;
    return typeof email === "string" ? (people.get(email.toLowerCase()) ?? null) : null;
  } catch (error) {
    if (error instanceof errors.JOSEError && ofToken.test(error.code)) return null;
    throw error;
  }
}

/** Error codes of a wrong token. Other codes are about the keys. */
const ofToken = /^ERR_(JWT_|JWS_|JOSE_ALG|JOSE_NOT|JWKS_NO_MATCHING)/;
