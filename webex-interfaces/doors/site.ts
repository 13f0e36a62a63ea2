export { passwordsFile, siteIn } from "../site/folder.ts";
export { first } from "../site/seed.ts";
export { type SimulatedSite, startSimulatedSite } from "../site/server.ts";
export { type Passwords, Site } from "../site/site.ts";
export type { UserRow } from "../site/tables.ts";
export { answerXml } from "../site/xml-service.ts";
