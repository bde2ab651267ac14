select
  records.conversation_id,
  records.contact_id,
  parent.updated_at as conversation_updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'conversation_contact_flat') }} as records
join {{ source('intercom_lake', 'conversations_flat') }} as parent on parent.id = records.conversation_id
