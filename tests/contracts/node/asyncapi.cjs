// Prints what the AsyncAPI parser finds wrong in a document, one finding a line.
const { Parser, fromFile } = require("@asyncapi/parser");

fromFile(new Parser(), process.argv[2])
  .parse()
  .then(({ document, diagnostics }) => {
    // 0 is an error, 1 a warning; below that come hints, such as that there is a newer AsyncAPI.
    for (const found of diagnostics.filter((one) => one.severity < 2)) {
      console.log(`${found.path.join("/")}: ${found.message}`);
    }
    if (!document) console.log("no document could be made of it");
  });
