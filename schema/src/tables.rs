// @generated automatically by Diesel CLI.

pub mod audit {
    diesel::table! {
        audit.archives (id) {
            id -> Uuid,
            log -> Text,
            month -> Date,
            row_count -> Int8,
            change_count -> Int8,
            erased_count -> Int8,
            first_leaf -> Nullable<Int8>,
            last_leaf -> Nullable<Int8>,
            tree_size -> Int8,
            root -> Bytea,
            file_name -> Text,
            file_size -> Int8,
            sha256 -> Bytea,
            event_id -> Uuid,
            event -> Jsonb,
            archived_at -> Timestamptz,
        }
    }

    diesel::table! {
        audit.changes (id, occurred_at) {
            id -> Uuid,
            event_id -> Uuid,
            occurred_at -> Timestamptz,
            position -> Int8,
            table_name -> Text,
            row_id -> Nullable<Uuid>,
            op -> Text,
            before -> Nullable<Jsonb>,
            after -> Nullable<Jsonb>,
            tenant_id -> Nullable<Uuid>,
            client_id -> Nullable<Uuid>,
            salt -> Nullable<Bytea>,
            salts -> Nullable<Jsonb>,
            commitments -> Nullable<Jsonb>,
        }
    }

    diesel::table! {
        audit.checkpoints (id) {
            id -> Uuid,
            tree_size -> Int8,
            root -> Bytea,
            note -> Text,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        audit.erasures (id) {
            id -> Uuid,
            event_id -> Uuid,
            log -> Text,
            row_count -> Int8,
            erased_at -> Timestamptz,
        }
    }

    diesel::table! {
        audit.events (id, occurred_at) {
            id -> Uuid,
            occurred_at -> Timestamptz,
            actor_kind -> Text,
            actor_id -> Nullable<Uuid>,
            actor_label -> Nullable<Text>,
            effective_actor_id -> Nullable<Uuid>,
            session_id -> Nullable<Uuid>,
            request_id -> Nullable<Uuid>,
            action -> Text,
            outcome -> Text,
            is_read -> Bool,
            reason -> Nullable<Text>,
            target_kind -> Text,
            target_id -> Nullable<Uuid>,
            tenant_id -> Nullable<Uuid>,
            client_id -> Nullable<Uuid>,
            details -> Jsonb,
            database_user -> Text,
            delegation_id -> Nullable<Uuid>,
            impersonation_id -> Nullable<Uuid>,
            severity -> Text,
            reason_code -> Nullable<Text>,
            salt -> Nullable<Bytea>,
            salts -> Nullable<Jsonb>,
            commitments -> Nullable<Jsonb>,
        }
    }

    diesel::table! {
        audit.leaves (leaf) {
            leaf -> Int8,
            log -> Text,
            event_id -> Uuid,
            occurred_at -> Timestamptz,
        }
    }

    diesel::table! {
        audit.receipts (id) {
            id -> Uuid,
            witness -> Text,
            outcome -> Text,
            tree_size -> Int8,
            received_at -> Timestamptz,
            answer -> Nullable<Text>,
        }
    }

    diesel::table! {
        audit.rewrites (id) {
            id -> Uuid,
            archive_id -> Uuid,
            number -> Int4,
            subject_id -> Uuid,
            erasure_id -> Uuid,
            erased_count -> Int8,
            previous_sha256 -> Bytea,
            file_size -> Int8,
            sha256 -> Bytea,
            event_id -> Uuid,
            event -> Jsonb,
            written_at -> Timestamptz,
        }
    }

    diesel::table! {
        audit.security_events (id, occurred_at) {
            id -> Uuid,
            occurred_at -> Timestamptz,
            kind -> Text,
            severity -> Text,
            actor_id -> Nullable<Uuid>,
            session_id -> Nullable<Uuid>,
            request_id -> Nullable<Uuid>,
            network_hash -> Nullable<Bytea>,
            tenant_id -> Nullable<Uuid>,
            details -> Jsonb,
            salt -> Nullable<Bytea>,
            salts -> Nullable<Jsonb>,
            commitments -> Nullable<Jsonb>,
        }
    }

    diesel::table! {
        audit.tiles (level, tile) {
            level -> Int4,
            tile -> Int8,
            hashes -> Bytea,
        }
    }

    diesel::table! {
        audit.unsealed (occurred_at, event_id) {
            log -> Text,
            event_id -> Uuid,
            occurred_at -> Timestamptz,
            queued_at -> Timestamptz,
            transaction_number -> Int8,
        }
    }

    diesel::table! {
        audit.verifications (id) {
            id -> Uuid,
            job_id -> Uuid,
            asked_by -> Nullable<Uuid>,
            started_at -> Timestamptz,
            finished_at -> Timestamptz,
            verdict -> Text,
            tree_size -> Int8,
            checkpoint_count -> Int8,
            unsealed_count -> Int8,
            first_bad_leaf -> Nullable<Int8>,
            findings -> Jsonb,
            finding_count -> Int8,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(
        archives,
        changes,
        checkpoints,
        erasures,
        events,
        leaves,
        receipts,
        rewrites,
        security_events,
        tiles,
        unsealed,
        verifications,
    );
}
// @generated automatically by Diesel CLI.

pub mod control {
    diesel::table! {
        control.access_review_items (id) {
            id -> Uuid,
            review_id -> Uuid,
            assignment_id -> Uuid,
            principal_kind -> Text,
            principal_name -> Text,
            principal_email -> Nullable<Text>,
            principal_sort -> Text,
            role_id -> Uuid,
            role_name -> Text,
            scope_kind -> Text,
            tenant_id -> Nullable<Uuid>,
            tenant_name -> Nullable<Text>,
            client_id -> Nullable<Uuid>,
            client_name -> Nullable<Text>,
            granted_at -> Timestamptz,
            granted_by -> Nullable<Uuid>,
            granted_reason -> Text,
            last_used_at -> Nullable<Timestamptz>,
            expires_at -> Nullable<Timestamptz>,
            outcome -> Text,
            reason -> Nullable<Text>,
            decided_at -> Nullable<Timestamptz>,
            decided_by -> Nullable<Uuid>,
            replacement_id -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.access_reviews (id) {
            id -> Uuid,
            name -> Text,
            covers -> Text,
            role_id -> Nullable<Uuid>,
            tenant_id -> Nullable<Uuid>,
            unused_days -> Nullable<Int4>,
            note -> Text,
            due_at -> Timestamptz,
            reminded_at -> Nullable<Timestamptz>,
            closed_at -> Nullable<Timestamptz>,
            closed_by -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.api_token_usage (token_id, hour) {
            token_id -> Uuid,
            hour -> Timestamptz,
            requests -> Int4,
            refused -> Int4,
            minute -> Timestamptz,
            minute_requests -> Int4,
        }
    }

    diesel::table! {
        control.api_tokens (id) {
            id -> Uuid,
            user_id -> Uuid,
            name -> Text,
            prefix -> Text,
            token_hash -> Bytea,
            scopes -> Array<Nullable<Text>>,
            allowed_networks -> Array<Nullable<Cidr>>,
            expires_at -> Nullable<Timestamptz>,
            last_used_at -> Nullable<Timestamptz>,
            rotated_from -> Nullable<Uuid>,
            overlap_ends_at -> Nullable<Timestamptz>,
            revoked_at -> Nullable<Timestamptz>,
            revoked_by -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.assignments (id) {
            id -> Uuid,
            user_id -> Nullable<Uuid>,
            role_id -> Uuid,
            scope_kind -> Text,
            tenant_id -> Nullable<Uuid>,
            client_id -> Nullable<Uuid>,
            expires_at -> Nullable<Timestamptz>,
            granted_by -> Nullable<Uuid>,
            reason -> Text,
            last_used_at -> Nullable<Timestamptz>,
            revoked_at -> Nullable<Timestamptz>,
            revoked_by -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            department_id -> Nullable<Uuid>,
            group_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.audit_streams (id) {
            id -> Uuid,
            name -> Text,
            kind -> Text,
            address -> Text,
            state -> Text,
            secret_number -> Int4,
            overlap_ends_at -> Nullable<Timestamptz>,
            next_leaf -> Int8,
            checkpoint_size -> Int8,
            checkpoint_at -> Timestamptz,
            delivered_at -> Nullable<Timestamptz>,
            failures -> Int4,
            failing_since -> Nullable<Timestamptz>,
            next_attempt_at -> Nullable<Timestamptz>,
            last_error -> Nullable<Text>,
            lease_token -> Nullable<Uuid>,
            lease_until -> Nullable<Timestamptz>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.ceremonies (id) {
            id -> Uuid,
            session_id -> Nullable<Uuid>,
            kind -> Text,
            state -> Jsonb,
            created_at -> Timestamptz,
            expires_at -> Timestamptz,
            bound_to -> Nullable<Bytea>,
            used_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        control.client_analytics (id) {
            id -> Uuid,
            client_id -> Uuid,
            tenant_id -> Uuid,
            day -> Date,
            page_views -> Int8,
            visitors -> Int8,
            conversions -> Int8,
            errors -> Int8,
            avg_load_ms -> Nullable<Int4>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        control.client_customizations (id) {
            id -> Uuid,
            client_id -> Uuid,
            tenant_id -> Uuid,
            template_id -> Text,
            settings -> Jsonb,
            brand_primary_color -> Nullable<Text>,
            brand_logo_url -> Nullable<Text>,
            status -> Text,
            published_at -> Nullable<Timestamptz>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.client_deployments (id) {
            id -> Uuid,
            client_id -> Uuid,
            tenant_id -> Uuid,
            environment -> Text,
            status -> Text,
            version_label -> Nullable<Text>,
            url -> Nullable<Text>,
            triggered_by -> Nullable<Uuid>,
            started_at -> Nullable<Timestamptz>,
            finished_at -> Nullable<Timestamptz>,
            duration_ms -> Nullable<Int8>,
            error_message -> Nullable<Text>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.clients (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            slug -> Text,
            name -> Text,
            name_sort -> Text,
            status -> Text,
            industry -> Nullable<Text>,
            website -> Nullable<Text>,
            contact_name -> Nullable<Text>,
            contact_email -> Nullable<Citext>,
            notes -> Text,
            last_activity_at -> Timestamptz,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.delegations (id) {
            id -> Uuid,
            grantor_user_id -> Uuid,
            delegate_user_id -> Uuid,
            action_scope -> Array<Nullable<Text>>,
            tenant_id -> Nullable<Uuid>,
            starts_at -> Timestamptz,
            ends_at -> Timestamptz,
            reason -> Text,
            times_used -> Int4,
            last_used_at -> Nullable<Timestamptz>,
            revoked_at -> Nullable<Timestamptz>,
            revoked_by -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.department_memberships (id) {
            id -> Uuid,
            department_id -> Uuid,
            tenant_id -> Uuid,
            user_id -> Uuid,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.departments (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            parent_id -> Nullable<Uuid>,
            name -> Text,
            name_sort -> Text,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.deployment_tracking_events (id) {
            id -> Uuid,
            deployment_id -> Uuid,
            client_id -> Uuid,
            tenant_id -> Uuid,
            occurred_at -> Timestamptz,
            step -> Text,
            status -> Text,
            message -> Text,
            details -> Jsonb,
        }
    }

    diesel::table! {
        control.group_memberships (id) {
            id -> Uuid,
            group_id -> Uuid,
            user_id -> Uuid,
            expires_at -> Nullable<Timestamptz>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.groups (id) {
            id -> Uuid,
            tenant_id -> Nullable<Uuid>,
            name -> Text,
            name_sort -> Text,
            description -> Text,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.idempotency_keys (user_id, key) {
            user_id -> Uuid,
            key -> Uuid,
            route -> Text,
            body_hash -> Bytea,
            location -> Text,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        control.impersonation_sessions (id) {
            id -> Uuid,
            admin_user_id -> Uuid,
            target_user_id -> Uuid,
            tenant_id -> Uuid,
            mode -> Text,
            reason -> Text,
            ticket -> Text,
            minutes -> Int4,
            status -> Text,
            lapses_at -> Nullable<Timestamptz>,
            decided_at -> Nullable<Timestamptz>,
            decided_by -> Nullable<Uuid>,
            decision_reason -> Nullable<Text>,
            started_at -> Nullable<Timestamptz>,
            ends_at -> Nullable<Timestamptz>,
            ended_at -> Nullable<Timestamptz>,
            ended_by -> Nullable<Uuid>,
            ended_reason -> Nullable<Text>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            end_told_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        control.job_queue (id) {
            id -> Uuid,
            kind -> Text,
            payload -> Jsonb,
            status -> Text,
            priority -> Int4,
            run_at -> Timestamptz,
            attempts -> Int4,
            max_attempts -> Int4,
            lease_until -> Nullable<Timestamptz>,
            lease_token -> Nullable<Uuid>,
            worker -> Nullable<Text>,
            progress_done -> Int8,
            progress_total -> Nullable<Int8>,
            last_error -> Nullable<Text>,
            idempotency_key -> Nullable<Text>,
            schedule_slot -> Nullable<Timestamptz>,
            tenant_id -> Nullable<Uuid>,
            client_id -> Nullable<Uuid>,
            actor_id -> Nullable<Uuid>,
            event_id -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            started_at -> Nullable<Timestamptz>,
            finished_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        control.login_attempts (id) {
            id -> Uuid,
            occurred_at -> Timestamptz,
            account_hash -> Bytea,
            user_id -> Nullable<Uuid>,
            network_hash -> Nullable<Bytea>,
            device_id -> Nullable<Uuid>,
            outcome -> Text,
            request_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.outbox (id) {
            id -> Uuid,
            event_id -> Uuid,
            kind -> Text,
            recipient -> Text,
            subject -> Text,
            payload -> Jsonb,
            tenant_id -> Nullable<Uuid>,
            status -> Text,
            attempts -> Int4,
            last_error -> Nullable<Text>,
            created_at -> Timestamptz,
            sent_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        control.policy_overrides (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            policy -> Text,
            value -> Jsonb,
            reason -> Text,
            expires_at -> Timestamptz,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.privileges (name) {
            name -> Text,
            description -> Text,
            is_dangerous -> Bool,
            log_reads -> Bool,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            is_delegable -> Bool,
            while_impersonating -> Text,
        }
    }

    diesel::table! {
        control.role_privileges (role_id, privilege_name) {
            role_id -> Uuid,
            privilege_name -> Text,
            created_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            copied_from -> Nullable<Uuid>,
            event_id -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.roles (id) {
            id -> Uuid,
            name -> Text,
            description -> Text,
            is_system -> Bool,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
            mfa_required -> Bool,
            asks_read_reason -> Bool,
        }
    }

    diesel::table! {
        control.saved_views (id) {
            id -> Uuid,
            user_id -> Uuid,
            list -> Text,
            path -> Text,
            query -> Text,
            name -> Text,
            name_sort -> Text,
            is_shared -> Bool,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.security_alerts (id) {
            id -> Uuid,
            kind -> Text,
            subject -> Text,
            window_at -> Timestamptz,
            event_count -> Int8,
            created_at -> Timestamptz,
        }
    }

    diesel::table! {
        control.sessions (id) {
            id -> Uuid,
            user_id -> Uuid,
            token_hash -> Bytea,
            user_epoch -> Int4,
            created_at -> Timestamptz,
            last_seen_at -> Timestamptz,
            idle_expires_at -> Timestamptz,
            absolute_expires_at -> Timestamptz,
            authenticated_at -> Timestamptz,
            user_agent_family -> Nullable<Text>,
            network_hash -> Nullable<Bytea>,
            device_id -> Nullable<Uuid>,
            rotated_from -> Nullable<Uuid>,
            revoked_at -> Nullable<Timestamptz>,
            revoked_reason -> Nullable<Text>,
            revoked_by -> Nullable<Uuid>,
            awaits -> Nullable<Text>,
            factors -> Array<Nullable<Text>>,
            elevated_until -> Nullable<Timestamptz>,
            elevated_by -> Nullable<Text>,
            delegation_id -> Nullable<Uuid>,
            impersonation_id -> Nullable<Uuid>,
            identity_id -> Nullable<Uuid>,
            oidc_sid -> Nullable<Text>,
            read_reason -> Nullable<Text>,
            read_ticket -> Nullable<Text>,
            read_reason_until -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        control.tenant_domains (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            domain -> Citext,
            is_primary -> Bool,
            status -> Text,
            verification_token -> Text,
            verified_at -> Nullable<Timestamptz>,
            last_checked_at -> Nullable<Timestamptz>,
            last_error -> Nullable<Text>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.tenant_policies (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            default_visibility -> Text,
            external_sharing_allowed -> Bool,
            public_links_allowed -> Bool,
            session_idle_minutes -> Int4,
            session_absolute_hours -> Int4,
            mfa_required -> Bool,
            allowed_email_domains -> Array<Nullable<Text>>,
            activity_retention_days -> Int4,
            trash_retention_days -> Int4,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.tenants (id) {
            id -> Uuid,
            slug -> Text,
            name -> Text,
            name_sort -> Text,
            region -> Text,
            status -> Text,
            isolation -> Text,
            trial_ends_at -> Nullable<Timestamptz>,
            suspended_at -> Nullable<Timestamptz>,
            suspension_reason -> Nullable<Text>,
            closing_at -> Nullable<Timestamptz>,
            closed_at -> Nullable<Timestamptz>,
            last_activity_at -> Timestamptz,
            notes -> Text,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.user_credentials (id) {
            id -> Uuid,
            user_id -> Uuid,
            kind -> Text,
            secret_hash -> Nullable<Text>,
            parameters -> Jsonb,
            label -> Text,
            expires_at -> Nullable<Timestamptz>,
            used_at -> Nullable<Timestamptz>,
            revoked_at -> Nullable<Timestamptz>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            last_step -> Nullable<Int8>,
        }
    }

    diesel::table! {
        control.user_identities (id) {
            id -> Uuid,
            user_id -> Uuid,
            issuer -> Text,
            subject -> Text,
            provider_key -> Text,
            label -> Text,
            last_used_at -> Nullable<Timestamptz>,
            revoked_at -> Nullable<Timestamptz>,
            revoked_by -> Nullable<Uuid>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.users (id) {
            id -> Uuid,
            kind -> Text,
            email -> Citext,
            name -> Text,
            name_sort -> Text,
            status -> Text,
            is_staff -> Bool,
            locale -> Text,
            time_zone -> Text,
            email_verified_at -> Nullable<Timestamptz>,
            last_login_at -> Nullable<Timestamptz>,
            failed_login_count -> Int4,
            locked_until -> Nullable<Timestamptz>,
            mfa_enabled -> Bool,
            authority_epoch -> Int4,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.workspace_members (id) {
            id -> Uuid,
            workspace_id -> Uuid,
            tenant_id -> Uuid,
            user_id -> Uuid,
            role -> Text,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::table! {
        control.workspaces (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            name -> Text,
            name_sort -> Text,
            status -> Text,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            created_by -> Nullable<Uuid>,
            updated_by -> Nullable<Uuid>,
            deleted_at -> Nullable<Timestamptz>,
            deleted_by -> Nullable<Uuid>,
        }
    }

    diesel::joinable!(access_review_items -> access_reviews (review_id));
    diesel::joinable!(access_review_items -> roles (role_id));
    diesel::joinable!(access_review_items -> tenants (tenant_id));
    diesel::joinable!(access_reviews -> roles (role_id));
    diesel::joinable!(access_reviews -> tenants (tenant_id));
    diesel::joinable!(api_token_usage -> api_tokens (token_id));
    diesel::joinable!(api_tokens -> users (user_id));
    diesel::joinable!(assignments -> departments (department_id));
    diesel::joinable!(assignments -> groups (group_id));
    diesel::joinable!(assignments -> roles (role_id));
    diesel::joinable!(assignments -> tenants (tenant_id));
    diesel::joinable!(assignments -> users (user_id));
    diesel::joinable!(ceremonies -> sessions (session_id));
    diesel::joinable!(clients -> tenants (tenant_id));
    diesel::joinable!(delegations -> tenants (tenant_id));
    diesel::joinable!(department_memberships -> users (user_id));
    diesel::joinable!(departments -> tenants (tenant_id));
    diesel::joinable!(group_memberships -> groups (group_id));
    diesel::joinable!(group_memberships -> users (user_id));
    diesel::joinable!(groups -> tenants (tenant_id));
    diesel::joinable!(idempotency_keys -> users (user_id));
    diesel::joinable!(impersonation_sessions -> tenants (tenant_id));
    diesel::joinable!(job_queue -> tenants (tenant_id));
    diesel::joinable!(job_queue -> users (actor_id));
    diesel::joinable!(outbox -> tenants (tenant_id));
    diesel::joinable!(policy_overrides -> tenants (tenant_id));
    diesel::joinable!(role_privileges -> privileges (privilege_name));
    diesel::joinable!(saved_views -> users (user_id));
    diesel::joinable!(sessions -> delegations (delegation_id));
    diesel::joinable!(sessions -> impersonation_sessions (impersonation_id));
    diesel::joinable!(sessions -> user_identities (identity_id));
    diesel::joinable!(sessions -> users (user_id));
    diesel::joinable!(tenant_domains -> tenants (tenant_id));
    diesel::joinable!(tenant_policies -> tenants (tenant_id));
    diesel::joinable!(user_credentials -> users (user_id));
    diesel::joinable!(user_identities -> users (user_id));
    diesel::joinable!(workspace_members -> users (user_id));
    diesel::joinable!(workspaces -> tenants (tenant_id));

    diesel::allow_tables_to_appear_in_same_query!(
        access_review_items,
        access_reviews,
        api_token_usage,
        api_tokens,
        assignments,
        audit_streams,
        ceremonies,
        client_analytics,
        client_customizations,
        client_deployments,
        clients,
        delegations,
        department_memberships,
        departments,
        deployment_tracking_events,
        group_memberships,
        groups,
        idempotency_keys,
        impersonation_sessions,
        job_queue,
        login_attempts,
        outbox,
        policy_overrides,
        privileges,
        role_privileges,
        roles,
        saved_views,
        security_alerts,
        sessions,
        tenant_domains,
        tenant_policies,
        tenants,
        user_credentials,
        user_identities,
        users,
        workspace_members,
        workspaces,
    );
}
