import { createRemoteJWKSet, customFetch, errors, jwtVerify } from "jose";
import type { AccessPeople, Operator } from "./people.ts";

/** By the address of a team's keys. The keys are fetched when a token comes, kept for ten minutes, and fetched anew for an unknown one. */
const known = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The person of a token in `Cf-Access-Jwt-Assertion`; `null`: it is wrong, or nobody's. Rejects where the keys of the team cannot be had. */
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
    const isOfTheToken =
      error instanceof errors.JWTInvalid ||
      error instanceof errors.JWSInvalid ||
      error instanceof errors.JWTExpired ||
      error instanceof errors.JWTClaimValidationFailed ||
      error instanceof errors.JOSEAlgNotAllowed ||
      error instanceof errors.JOSENotSupported ||
      error instanceof errors.JWSSignatureVerificationFailed ||
      error instanceof errors.JWKSNoMatchingKey;
    if (isOfTheToken) return null;
    throw error;
  }
}
