// The biji command: hands the command line to the subcommand it names, reports errors.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string_view>

#include "native/base/waiting.h"
#include "native/commands/commands.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

int main(int argc, char** argv) {
  // What computes for long. For the others it is not worth loading LibTorch a second time.
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "train" || command == "eval") biji::wait_passively(argv);
#ifdef __GLIBC__
  // Activations come and go at every step; giving their pages back to the kernel each time costs a third of
  // the speed.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 256 << 20);
#endif
  biji::note_command_line(argc, argv);
  CLI::App app("Biji: trains handwriting recognisers and exports them to ONNX");
  app.require_subcommand(1);
  biji::add_fetch(app);
  biji::add_prepare(app);
  biji::add_train(app);
  biji::add_show(app);
  biji::add_eval(app);
  biji::add_average(app);
  biji::add_import(app);
  biji::add_export(app);
  biji::add_recognize(app);
  try {
    app.parse(argc, argv);  // and runs the subcommand
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const biji::Misuse& error) {
    std::fprintf(stderr, "biji %s: %s\n", app.get_subcommands().front()->get_name().c_str(), error.what());
    return 2;
  } catch (const biji::Failed&) {
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "biji: %s\n", error.what());
    return 1;
  }
  return 0;
}
