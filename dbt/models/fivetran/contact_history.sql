select
  records.id,
  records.role,
  records.name,
  records.email,
  records.owner_id as admin_id,
  records.created_at,
  records.updated_at,
  records.signed_up_at,
  records.last_contacted_at,
  records.last_replied_at,
  records.last_email_opened_at,
  records.last_email_clicked_at,
  records.unsubscribed_from_emails,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'contacts_flat') }} as records
