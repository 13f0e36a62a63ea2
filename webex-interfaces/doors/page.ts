export { interfacesPage } from "../page.ts";
