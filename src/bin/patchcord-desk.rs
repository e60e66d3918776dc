//! The order desk behind Patchcord.

fn main() -> std::process::ExitCode {
    patchcord::server::run(std::env::args_os())
}
