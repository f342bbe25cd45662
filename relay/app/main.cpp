// relay/app/main.cpp: the command line of `liaison` (design.md §7). Words in French first; --lang en where it matters.
#include <iostream>

#include <CLI/CLI.hpp>

#include "relay/app/commands.hpp"
#include "relay/base/clock.hpp"
#include "relay/store/sqlite.hpp"

namespace {
using namespace relay::app;
using relay::config::path;

struct arguments {
    path settings, file, folder, password_file;
    std::vector<std::string> files;
    std::string id, stay, user, address, from, until, by, service, partner, partner_name, domain, week;
    std::string item, to_whom, reason, channel, at, site, group, after;
    std::uint32_t lines = 100;
    std::string format = "table", words = "fr";
    bool rejected = false, unmatched = false, acks = false, all = false, dry_run = false, undo = false, send = false;

    [[nodiscard]] console to() const
    {
        return {std::cout, std::cerr, words == "en" ? language::english : language::french,
                format == "json"   ? output_format::json
                : format == "csv"  ? output_format::csv
                : format == "html" ? output_format::html
                : format == "pdf"  ? output_format::pdf
                                   : output_format::table};
    }
};

class command_line {
public:
    explicit command_line(path program) : program_(std::move(program))
    {
        app_.require_subcommand(1);
        app_.set_version_flag("--version", std::string("liaison ") + LIAISON_VERSION);
        app_.set_help_flag("-h,--help", "afficher cette aide");
        add_node();
        add_letters();
        add_worklist();
        add_figures();
        add_audit();
        add_house();
    }

    int run(int count, char** words)
    {
        try {
            app_.parse(count, words);
        } catch (const CLI::ParseError& error) {
            const int code = app_.exit(error);
            return code == 0 ? 0 : exit_usage;
        }
        return chosen_();
    }

private:
    using action = std::function<int()>;

    void add_node()
    {
        add("init", "créer les dossiers, la clé et les réglages annotés d'un nœud",
            [this] { return run_init(args_.to(), args_.folder); })
            ->add_option("--dir", args_.folder, "dossier du nœud")
            ->required();
        with_settings(add("serve", "faire tourner les rôles du fichier de réglages",
                          [this] { return run_serve(args_.to(), args_.settings); }));
        add_command("reload", "faire relire au nœud ses réglages, certificats et routes, sans couper de connexion",
                    [this] { return run_reload(args_.to(), args_.settings); });
        add_command("check",
                    "dire ce que ferait le démarrage, ou ce que deviendraient des fichiers ; codes de sortie : 0 "
                    "acceptés, 3 un refusé, 4 acceptés mais un envoi retenu, 78 réglages",
                    [this] { return run_check(args_.to(), args_.settings, args_.files); })
            ->add_option("files", args_.files, "fichiers à examiner, sans rien envoyer");
        add_command("status", "état du nœud", [this] { return run_status(args_.to(), args_.settings); });
    }

    void add_letters()
    {
        auto* queue = add_command("queue", "envois ouverts, retenus ou en échec", [this] {
            if (args_.unmatched) return run_unmatched(args_.to(), args_.settings);
            if (args_.acks) return run_acks(args_.to(), args_.settings);
            return run_queue(args_.to(), args_.settings,
                             args_.rejected ? queue_view::rejected
                             : args_.all    ? queue_view::all
                                            : queue_view::open);
        });
        queue->add_flag("--rejected", args_.rejected, "fichiers refusés à l'entrée");
        queue->add_flag("--unmatched", args_.unmatched, "lettres sans séjour connu, et leurs séjours possibles");
        queue->add_flag("--all", args_.all, "tous les envois");
        queue->add_flag("--acks", args_.acks, "acquittements métier en attente, ou refusés par le DPI");
        with_id(add_command("letter", "histoire d'une lettre",
                            [this] { return run_letter(args_.to(), args_.settings, args_.id); }));
        with_id(add_command("requeue", "remettre en file une lettre, un envoi, ou un acquittement refusé",
                            [this] { return run_requeue(args_.to(), args_.settings, args_.id); }));
        with_id(add_command("cancel", "ne plus envoyer un courriel déposé par le titulaire d'une boîte, et le lui dire",
                            [this] { return run_cancel(args_.to(), args_.settings, args_.id); }));
        with_id(add_command("match", "rattacher une lettre à un séjour",
                            [this] { return run_match(args_.to(), args_.settings, args_.id, args_.stay); }))
            ->add_option("stay", args_.stay, "identifiant du séjour, dans liaison queue --unmatched")
            ->required();
        add_command("handed-over", "noter que des patients ont reçu leur copie de la lettre",
                    [this] { return run_handed_over(args_.to(), args_.settings, args_.file); })
            ->add_option("file", args_.file, "CSV : numéro de venue;AAAA-MM-JJTHH:MM, une remise par ligne")
            ->required();
        with_domain(add_command("hold", "ne plus rien envoyer vers un domaine, jusqu'à resume",
                                [this] { return run_hold(args_.to(), args_.settings, args_.domain); }));
        with_domain(add_command("resume", "reprendre les envois vers un domaine, et relancer aussitôt ce qui l'attend",
                                [this] { return run_resume(args_.to(), args_.settings, args_.domain); }));
    }

    void add_figures()
    {
        auto* report = add_command("report", "délais des sorties d'une période",
                                   [this] {
                                       return run_report(args_.to(), args_.settings,
                                                         {args_.from, args_.until, args_.by, args_.service,
                                                          args_.partner, args_.partner_name});
                                   },
                                   {"table", "csv", "json", "html", "pdf"});
        report->add_option("--from", args_.from, "premier jour de sortie, AAAA-MM-JJ")->required();
        report->add_option("--to", args_.until, "dernier jour de sortie, AAAA-MM-JJ")->required();
        report->add_option("--by", args_.by,
                           "chiffres par group, site, service, type, class, day, month, weekday, hour-band, "
                           "recipient-operator, structure, structure-kind, profession ou department, au lieu de chaque "
                           "sortie");
        report->add_option("--partner", args_.partner,
                           "rapport à imprimer d'une structure partenaire (identifiant de l'annuaire), --format html "
                           "ou pdf ; semaines (lundi à dimanche) ou mois entiers, finis");
        report->add_option("--name", args_.partner_name, "nom de la structure partenaire, tel qu'imprimé");
        report->add_option("--service", args_.service, "chiffres de ce service seulement");
        auto* purge = add_command("purge", "détruire le contenu arrivé à son terme", [this] {
            if (!args_.dry_run && !args_.all) return run_purge(args_.to(), args_.settings);
            return run_purge_plan(args_.to(), args_.settings, args_.all ? purge_view::all : purge_view::due);
        });
        purge->add_flag("--dry-run", args_.dry_run,
                        "dire ce qui serait détruit, pourquoi et quand, sans rien détruire");
        purge->add_flag("--all", args_.all, "avec --dry-run : aussi ce qui n'est pas encore à son terme");
    }

    void add_audit()
    {
        auto* audit = add_group("audit", "registre des preuves");
        add_command(audit, "verify", "vérifier la chaîne et ses signatures", [this] {
            return run_audit_verify(args_.to(), args_.settings, args_.files);
        })->add_option("files", args_.files, "signatures gardées ailleurs, à confronter à la base");
        with_settings(prepare(audit->add_subcommand("export", "écrire le registre, vérifiable sans Liaison"),
                              [this] { return run_audit_export(args_.to(), args_.settings, args_.file); }))
            ->add_option("file", args_.file, "fichier à écrire (JSON, une ligne par preuve)")
            ->required();
    }

    void add_house()
    {
        add_command(add_group("directory", "annuaire des boîtes"), "import", "importer une extraction",
                    [this] { return run_directory_import(args_.to(), args_.settings, args_.file); })
            ->add_option("file", args_.file, "extraction nationale, séparateur |")
            ->required();
        add_mailboxes();
        add_command(add_group("certs", "certificats des destinataires"), "add", "ajouter un certificat PEM",
                    [this] { return run_certs_add(args_.to(), args_.settings, args_.file); })
            ->add_option("file", args_.file, "certificat PEM")
            ->required();
        add("demo", "deux nœuds prêts à l'emploi sur cette machine",
            [this] { return run_demo(args_.to(), args_.folder, program_); })
            ->add_option("--dir", args_.folder, "dossier contenant pki/")
            ->required();
    }

    void add_mailboxes()
    {
        auto* boxes = add_group("mailbox", "boîtes hébergées");
        auto* box = add_command(boxes, "add", "créer une boîte, ou changer son mot de passe", [this] {
            return run_mailbox_add(args_.to(), args_.settings, args_.user, args_.address, args_.password_file);
        });
        box->add_option("--user", args_.user, "nom de connexion")->required();
        box->add_option("--address", args_.address, "adresse de la boîte")->required();
        box->add_option("--password-file", args_.password_file, "fichier dont la première ligne est le mot de passe")
            ->required();
        add_command(boxes, "list", "boîtes, leur dernière connexion, celles qui vont être fermées ou le sont",
                    [this] { return run_mailbox_list(args_.to(), args_.settings); });
        add_command(boxes, "reopen", "rouvrir une boîte fermée faute de connexion",
                    [this] { return run_mailbox_reopen(args_.to(), args_.settings, args_.user); })
            ->add_option("--user", args_.user, "nom de connexion")
            ->required();
    }

    // What people look at and say of it.
    void add_worklist()
    {
        auto* list = add_command("worklist", "ce qui demande quelqu'un, l'échéance la plus ancienne d'abord", [this] {
            return run_worklist(args_.to(), args_.settings,
                                {args_.service, args_.site, args_.group, args_.after, args_.lines, args_.all});
        });
        list->add_option("--service", args_.service, "ce service seulement");
        list->add_option("--site", args_.site, "les services de ce site");
        list->add_option("--group", args_.group, "les services de ce groupe");
        list->add_flag("--all", args_.all, "aussi ce qui est remis à plus tard ou traité");
        list->add_option("--limit", args_.lines, "lignes, 100 par défaut")->check(CLI::Range(1, 1000));
        list->add_option("--after", args_.after, "la suite d'une page : la valeur qu'elle donne à la fin");
        with_item(add_command("assign", "dire qui s'occupe d'une ligne de worklist",
                              [this] { return run_assign(args_.to(), args_.settings, args_.item, args_.to_whom); }))
            ->add_option("--to", args_.to_whom, "compte, sans espace ; vide : plus personne")
            ->required();
        with_item(add_command("snooze", "remettre une ligne à plus tard ; elle revient aussi quand son état change",
                              [this] { return run_snooze(args_.to(), args_.settings, args_.item, args_.until); }))
            ->add_option("--until", args_.until, "AAAA-MM-JJ ou AAAA-MM-JJTHH:MM, heure du site")
            ->required();
        with_item(add_command("done", "dire qu'une ligne est traitée ; elle revient quand son état change",
                              [this] { return run_done(args_.to(), args_.settings, args_.item, args_.reason); }))
            ->add_option("--reason", args_.reason, work_reasons(work_reason_list::done))
            ->required();
        auto* other =
            with_item(add_command("other-channel", "noter qu'une lettre a été remise par un autre canal", [this] {
                return run_other_channel(args_.to(), args_.settings, args_.item, args_.channel, args_.at);
            }));
        other->add_option("--by", args_.channel, work_reasons(work_reason_list::channel))->required();
        other->add_option("--at", args_.at, "quand, AAAA-MM-JJTHH:MM, heure du site ; sans cela : maintenant");
        auto* exclude =
            with_item(add_command("exclude", "exclure un séjour des indicateurs (MANUAL), avec un motif", [this] {
                if (!args_.undo && args_.reason.empty()) {
                    std::cerr << "--reason ou --undo est attendu\n";
                    return exit_usage;
                }
                return run_exclude(args_.to(), args_.settings, args_.item, args_.reason);
            }));
        auto* reason = exclude->add_option("--reason", args_.reason, work_reasons(work_reason_list::exclusion));
        auto* undo = exclude->add_flag("--undo", args_.undo, "revenir sur l'exclusion");
        reason->excludes(undo);
        auto* digest = add_command("digest", "le bilan hebdomadaire d'un groupe", [this] {
            return run_digest(args_.to(), args_.settings, {args_.group, args_.week, args_.send});
        });
        digest->add_option("--group", args_.group, "groupe, comme dans [[site]] group")->required();
        digest->add_option("--week", args_.week, "semaine ISO, 2026-W47")->required();
        digest->add_flag("--send", args_.send, "l'envoyer à ceux que les réglages nomment, même s'il est déjà parti");
    }

    CLI::App* with_item(CLI::App* command)
    {
        command->add_option("item", args_.item, "identifiant de la ligne : séjour, envoi ou lettre")->required();
        return command;
    }

    CLI::App* add(const std::string& name, const std::string& help, action run)
    {
        return prepare(app_.add_subcommand(name, help), std::move(run));
    }

    CLI::App* add_group(const std::string& name, const std::string& help)
    {
        CLI::App* group = app_.add_subcommand(name, help);
        group->require_subcommand(1);
        return group;
    }

    CLI::App* add_command(const std::string& name, const std::string& help, action run,
                          const std::vector<std::string>& formats = {"table", "csv", "json"})
    {
        return add_command(&app_, name, help, std::move(run), formats);
    }

    // With its settings, and the form of what it says.
    CLI::App* add_command(CLI::App* group, const std::string& name, const std::string& help, action run,
                          const std::vector<std::string>& formats = {"table", "csv", "json"})
    {
        CLI::App* command = with_settings(prepare(group->add_subcommand(name, help), std::move(run)));
        command->add_option("--format", args_.format, "table, csv ou json")->check(CLI::IsMember(formats));
        command->add_option("--lang", args_.words, "fr ou en")->check(CLI::IsMember({"fr", "en"}));
        return command;
    }

    CLI::App* prepare(CLI::App* command, action run)
    {
        command->callback([this, run = std::move(run)] { chosen_ = run; });
        return command;
    }

    CLI::App* with_settings(CLI::App* command)
    {
        command->add_option("--config", args_.settings, "fichier de réglages")->required();
        return command;
    }

    CLI::App* with_domain(CLI::App* command)
    {
        command->add_option("domain", args_.domain, "domaine des destinataires")->required();
        return command;
    }

    CLI::App* with_id(CLI::App* command)
    {
        command->add_option("id", args_.id, "identifiant de la lettre ou de l'envoi")->required();
        return command;
    }

    path program_;
    arguments args_;
    action chosen_;
    CLI::App app_{"Liaison : relais sécurisé des lettres de sortie", "liaison"};
};
}

int main(int count, char** words)
{
    try {
        relay::store::prepare_sqlite();
        return command_line(std::filesystem::read_symlink("/proc/self/exe")).run(count, words);
    } catch (const std::exception& error) {
        std::cerr << "liaison : " << error.what() << "\n";
        return exit_failed;
    }
}
