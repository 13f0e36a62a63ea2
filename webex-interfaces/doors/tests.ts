export { noon, SiteOnTest, seeded } from "../test/site/site-on-test.ts";
