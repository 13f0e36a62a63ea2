/** Not in `edge.ts`: each start checks the settings, and would read all tables of the client with it. */
export { siteOf } from "../client/url-api/site.ts";
