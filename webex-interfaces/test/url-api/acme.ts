import { siteOf } from "../../client/url-api/site.ts";

const found = siteOf("acme");
if (!found.ok) throw new Error(found.error.says);

/** A site whose links are made without asking it. */
export const acme = found.value;
